import { Module } from '@nestjs/common';
import { ClientsModule, Transport } from '@nestjs/microservices';

@Module({
  imports: [
    ClientsModule.register([
      { name: 'MAIL', transport: Transport.TCP, options: { host: 'localhost', port: 4021 } },
    ]),
  ],
})
export class MailModule {}
