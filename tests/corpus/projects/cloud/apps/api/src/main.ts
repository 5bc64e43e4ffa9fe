import { NestFactory } from '@nestjs/core';
import { ConfigService } from '@nestjs/config';
import { AppModule } from './app.module';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, { bodyLimit: 1048576 } as never);
  app.enableCors({ origin: ['http://localhost:3100', /\.example\.com$/], maxAge: 3600 });
  const config = app.get(ConfigService);
  await app.listen(config.get<number>('PORT', 4001));
}
void bootstrap();
