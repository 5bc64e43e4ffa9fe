import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

const server = new ApolloServer({ typeDefs: 'type Query { answer: Int }', cache: 'bounded' });
const { url } = await startStandaloneServer(server, { listen: { port: 4040 } });
console.log(`graph at ${url}, depth ${1000}`);
