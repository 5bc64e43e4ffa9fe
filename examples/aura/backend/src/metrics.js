// The process's own metrics, sent to every listener each second (Server-Sent Events, WHATWG HTML 9.2).
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SECOND = 1000;
const MIB = 1024 * 1024;
const RESOLUTION = 20; // milliseconds between two looks at the event loop; the histogram counts them as delay

export class MetricsStream {
  #listeners = new Set();
  #delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  #cpu = process.cpuUsage();
  #at = performance.now();
  #latest;
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
    if (!this.#timer) {
      this.#delay.enable();
      this.#latest = this.#sample();
      this.#timer = setInterval(() => this.#send(), SECOND);
    }
    response.write(event(this.#latest)); // a sample of its own would shorten everybody's second
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
    this.#latest = this.#sample();
    const text = event(this.#latest);
    for (const response of this.#listeners) response.write(text);
  }

  #sample() {
    const { rss, heapUsed } = process.memoryUsage();
    const cpu = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const seconds = (performance.now() - this.#at) / SECOND;
    this.#at = performance.now();
    const delay = this.#delay.count > 0 ? Math.max(this.#delay.mean / 1e6 - RESOLUTION, 0) : 0;
    this.#delay.reset();
    return {
      time: Date.now(),
      uptime: process.uptime(),
      rss: rss / MIB,
      heap: heapUsed / MIB,
      cpu: (cpu.user + cpu.system) / 1000 / seconds,
      delay,
    };
  }
}

function event(data) {
  return `event: metrics\ndata: ${JSON.stringify(data)}\n\n`;
}
