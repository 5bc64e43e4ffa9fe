import 'reflect-metadata';

import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class Root {
  hello() {
    return 'nest';
  }
}
Controller()(Root);
Get()(Root.prototype, 'hello', Object.getOwnPropertyDescriptor(Root.prototype, 'hello'));

class AppModule {}
Module({ controllers: [Root] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(21503, '127.0.0.1');
