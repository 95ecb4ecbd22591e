import type { ConnectionOptions } from 'node:tls';

export interface LoadRequest {
  method?: string;
  path: string;
  accept: string;
  body?: string;
  onData?(chunk: Uint8Array): void;
  onStatus?(status: number): void;
}

export class Connection {
  constructor(server: URL, tls: ConnectionOptions);
  request(
    request: LoadRequest,
    done: (error: Error | undefined, status: number, bytes: number) => void,
  ): () => void;
  close(): void;
}
