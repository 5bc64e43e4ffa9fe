// The process's own metrics, sent to every listener each second (Server-Sent Events, WHATWG HTML 9.2).
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SECOND = 1000;
const MIB = 1024 * 1024;

export class MetricsStream {
  #listeners = new Set();
  #delay = monitorEventLoopDelay({ resolution: 20 });
  #cpu = process.cpuUsage();
  #timer;

  // The first event at once, then one a second until the client or the server goes.
  join(request, response) {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#listeners.add(response);
    request.on('close', () => this.#leave(response));
    response.write(event(this.#sample()));
    if (!this.#timer) {
      this.#delay.enable();
      this.#timer = setInterval(() => this.#send(), SECOND);
    }
  }

  end() {
    for (const response of this.#listeners) response.end();
  }

  #leave(response) {
    this.#listeners.delete(response);
    if (this.#listeners.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#delay.disable();
    }
  }

  #send() {
    const text = event(this.#sample());
    for (const response of this.#listeners) response.write(text);
  }

  #sample() {
    const { rss, heapUsed } = process.memoryUsage();
    const cpu = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const delay = this.#delay.count > 0 ? this.#delay.mean / 1e6 : 0;
    this.#delay.reset();
    return {
      time: Date.now(),
      uptime: process.uptime(),
      rss: rss / MIB,
      heap: heapUsed / MIB,
      cpu: (cpu.user + cpu.system) / 1000,
      delay,
    };
  }
}

function event(data) {
  return `event: metrics\ndata: ${JSON.stringify(data)}\n\n`;
}
