// The routes of the gateway.
import { BadRequestException, Body, Controller, Get, HttpCode, Post } from '@nestjs/common';

import { type Completion, CompletionService } from './completion.service.js';

const LONGEST = 4000;

@Controller()
export class GatewayController {
  constructor(private readonly completions: CompletionService) {}

  @Get('health')
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Post('v1/complete')
  @HttpCode(200)
  complete(@Body() body: { prompt?: unknown } | undefined): Completion {
    const prompt = body?.prompt;
    if (typeof prompt !== 'string' || prompt.trim() === '' || prompt.length > LONGEST) {
      throw new BadRequestException(`prompt must be a text of 1 to ${LONGEST} characters`);
    }
    return this.completions.complete(prompt.trim());
  }
}
