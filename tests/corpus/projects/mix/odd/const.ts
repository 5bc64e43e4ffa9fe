export const PORTS = { http: 7010, debug: 9230 } as const;
export enum Port { Http = 7010 }
// http://localhost:7010 is where it answers
export const text = "it's on 'localhost:7010' or so";
export const mixed = (process.env.HOST_URL || 'http://localhost:7010') + '/x';
export const joined = 'http://localhost:7010' + '/y';
export const ticked = 'http://localhost:7010/`${1}`';
