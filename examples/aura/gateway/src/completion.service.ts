// Answers a prompt, always in the same way: the stand-in for a model that a development stack needs.
import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

export interface Completion {
  model: string;
  text: string;
  words: number;
}

const OPENINGS = ['In short', 'As far as that goes', 'Put simply', 'Looking at it closely'];

@Injectable()
export class CompletionService {
  complete(prompt: string): Completion {
    const words = prompt.split(/\s+/);
    const digest = createHash('sha256').update(prompt).digest();
    const opening = OPENINGS[digest[0] % OPENINGS.length];
    const subject = words.slice(0, 8).join(' ');
    return { model: 'echo-1', text: `${opening}: "${subject}" (${digest.toString('hex', 0, 4)})`, words: words.length };
  }
}
