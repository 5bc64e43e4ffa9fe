'use client';
import { useEffect, useState } from 'react';

const API_URL = process.env.NEXT_PUBLIC_API_URL ?? 'http://localhost:4001';

export default function Page() {
  const [rows, setRows] = useState<string[]>([]);
  useEffect(() => {
    const timer = setInterval(() => fetch(`${API_URL}/rows`).then((r) => r.json()).then(setRows), 5000);
    return () => clearInterval(timer);
  }, []);
  return <main style={{ maxWidth: 1200 }}><p>http://localhost:3000</p>{rows.length > 1000 ? 'many' : 'few'}</main>;
}
