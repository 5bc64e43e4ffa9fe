export enum HttpStatus { Ok = 200, Teapot = 418, Custom = 4999 }
export const LIMITS = { uploads: 10485760, items: 5000, year: 2025, portfolio: 3000, timeout: 15000 } as const;
export type Port = number;
export const supportedSizes = [640, 1024, 2048];
