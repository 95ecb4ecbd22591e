import type { HttpListener, ServerTls } from '../../platform/http.ts';

/** Where and how the kubelet answers. */
export interface KubeletServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  tls: ServerTls;
  listen: HttpListener;
}
