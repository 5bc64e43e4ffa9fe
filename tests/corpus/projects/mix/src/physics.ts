export const SPEED = 29979, MASS = 9109, CHARGE = 1602;
export const rgb = (r: number) => (r << 16) | 65280;
export const window = [0, 1024, 2048, 4096, 8192, 16384, 32768];
export function transport(x: number): number { return x * 3000 + 8080; }
