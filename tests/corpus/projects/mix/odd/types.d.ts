export declare const PORT: 8080;
