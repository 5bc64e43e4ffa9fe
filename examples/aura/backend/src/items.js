// Items in a JSON file, replaced as a whole so that a crash never leaves half of it.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export class ItemStore {
  #file;
  #queue = Promise.resolve(); // changes happen one after the other

  constructor(file) {
    this.#file = file;
  }

  async list() {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
  }

  add(title) {
    const item = { id: randomUUID(), title, created: new Date().toISOString() };
    return this.#change((items) => [[...items, item], item]);
  }

  remove(id) {
    return this.#change((items) => {
      const left = items.filter((item) => item.id !== id);
      return [left, left.length < items.length];
    });
  }

  #change(edit) {
    const done = this.#queue.then(async () => {
      const [items, answer] = edit(await this.list());
      await this.#write(items);
      return answer;
    });
    this.#queue = done.catch(() => {}); // a change that failed does not hold up the next
    return done;
  }

  async #write(items) {
    await mkdir(dirname(this.#file), { recursive: true });
    const temporary = `${this.#file}.${process.pid}.tmp`;
    await writeFile(temporary, `${JSON.stringify(items, null, 2)}\n`);
    await rename(temporary, this.#file);
  }
}
