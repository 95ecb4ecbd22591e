/** The URL of an API server at a name or an address. */
export const serverUrl = (host: string, port: number): string =>
  `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
