// Calls of the backend; the page's own server passes them on.
export async function call(path, options = {}) {
  const response = await fetch(`/api${path}`, {
    ...options,
    headers: options.body ? { 'content-type': 'application/json' } : undefined,
  });
  const text = await response.text();
  const body = text ? JSON.parse(text) : undefined;
  if (!response.ok) throw new Error(body?.message ?? body?.error ?? `the backend answered ${response.status}`);
  return body;
}
