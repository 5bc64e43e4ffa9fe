export async function GET() {
  const answer = await fetch('http://localhost:4001/rows', { next: { revalidate: 3600 } });
  return Response.json(await answer.json(), { status: 200 });
}
