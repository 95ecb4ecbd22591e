import type { HttpListener } from '../../platform/http.ts';
import type { ServingTls } from './serving-tls.ts';

/** Where and how the kubelet answers. */
export interface KubeletServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  tls: ServingTls;
  listen: HttpListener;
}
