import { NestFactory } from '@nestjs/core';
import { MicroserviceOptions, Transport } from '@nestjs/microservices';
import { MailerModule } from './mailer.module';

const app = await NestFactory.createMicroservice<MicroserviceOptions>(MailerModule, {
  transport: Transport.TCP,
  options: { host: '0.0.0.0', port: 4021, retryDelay: 3000 },
});
await app.listen();
