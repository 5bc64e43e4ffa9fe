import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';

@WebSocketGateway(4002, { pingInterval: 25000, pingTimeout: 20000 })
export class EventsGateway {
  @WebSocketServer()
  server: unknown;
}
