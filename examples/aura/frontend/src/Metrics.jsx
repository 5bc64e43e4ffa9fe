import { useEffect, useState } from 'react';

const SHOWN = [
  ['uptime', 'up', (value) => `${value.toFixed(1)} s`],
  ['rss', 'memory', (value) => `${value.toFixed(1)} MiB`],
  ['heap', 'heap', (value) => `${value.toFixed(1)} MiB`],
  ['cpu', 'cpu in the last second', (value) => `${value.toFixed(1)} ms`],
  ['delay', 'event loop delay', (value) => `${value.toFixed(1)} ms`],
];

export function Metrics() {
  const [sample, setSample] = useState();
  const [live, setLive] = useState(false);

  useEffect(() => {
    const source = new EventSource('/api/metrics/stream');
    source.addEventListener('metrics', (event) => {
      setSample(JSON.parse(event.data));
      setLive(true);
    });
    source.onerror = () => setLive(false); // the browser connects again by itself
    return () => source.close();
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
