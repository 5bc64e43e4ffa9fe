import { useEffect, useState } from 'react';

const SHOWN = [
  ['uptime', 'up', (value) => `${value.toFixed(1)} s`],
  ['rss', 'memory', (value) => `${value.toFixed(1)} MiB`],
  ['heap', 'heap', (value) => `${value.toFixed(1)} MiB`],
  ['cpu', 'cpu in a second', (value) => `${value.toFixed(1)} ms`],
  ['delay', 'event loop delay', (value) => `${value.toFixed(1)} ms`],
];

export function Metrics() {
  const [sample, setSample] = useState();
  const [live, setLive] = useState(false);

  useEffect(() => {
    let source;
    let retry;
    function connect() {
      source = new EventSource('/api/metrics/stream');
      source.addEventListener('metrics', (event) => {
        setSample(JSON.parse(event.data));
        setLive(true);
      });
      source.onerror = () => {
        setLive(false);
        // A broken stream is opened again by the browser; one refused, as while the backend restarts, is not.
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, 1000);
      };
    }
    connect();
    return () => {
      clearTimeout(retry);
      source.close();
    };
  }, []);

  return (
    <section>
      <h2>
        Backend <span className={live ? 'dot live' : 'dot'} title={live ? 'live' : 'not connected'} />
      </h2>
      <dl className="metrics">
        {SHOWN.map(([key, label, format]) => (
          <div key={key}>
            <dt>{label}</dt>
            <dd data-testid={`metric-${key}`}>{sample ? format(sample[key]) : '–'}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
