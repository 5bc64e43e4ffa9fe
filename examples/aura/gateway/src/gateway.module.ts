// The one module of the gateway.
import { Module } from '@nestjs/common';

import { CompletionService } from './completion.service.js';
import { GatewayController } from './gateway.controller.js';

@Module({ controllers: [GatewayController], providers: [CompletionService] })
export class GatewayModule {}
