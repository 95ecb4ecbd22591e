import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AdmissionRequest, AdmissionResponse } from '../../../api/admission/v1.ts';
import { createAuthority, issue } from '../../../cluster/pki.ts';
import { systemClock } from '../../../platform/clock.ts';
import { systemRandom } from '../../../platform/random.ts';

type Said = Partial<AdmissionResponse> | object[] | undefined;

/** What a webhook of a test answers, now or later; nothing, for one that hangs. */
export type Answer = (request: AdmissionRequest & { object: any; oldObject: any }) => Said | Promise<Said>;

/** A webhook's HTTPS server on loopback. */
export interface TestWebhook {
  port: number;
  /** For `clientConfig`, base64. */
  caBundle: string;
  /** What was asked, in order. */
  asked: (AdmissionRequest & { object: any; oldObject: any; path: string; query: string })[];
  /** Answers by path; a list is a patch. */
  answers: Record<string, Answer>;
  close(): void;
}

export async function startWebhook(answers: Record<string, Answer>): Promise<TestWebhook> {
  const platform = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(platform);
  const hosts = ['127.0.0.1', 'hook.tests.svc'];
  const pair = await issue(authority, { commonName: 'hook', hosts, usages: ['server'] }, platform);
  const asked: TestWebhook['asked'] = [];
  const server = createServer({ cert: pair.certificate, key: pair.key }, (incoming, outgoing) => {
    let text = '';
    incoming.on('data', (chunk) => {
      text += chunk;
    });
    incoming.on('end', async () => {
      const { request } = JSON.parse(text);
      const [path = '', query = ''] = (incoming.url ?? '').split('?');
      asked.push({ ...request, path, query });
      const said = await answers[path]?.(request);
      if (!said) return;
      const response = Array.isArray(said) ? patchResponse(said) : { allowed: true, ...said };
      const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
      outgoing.end(JSON.stringify({ ...review, response: { uid: request.uid, ...response } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
    asked,
    answers,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function patchResponse(operations: object[]) {
  const patch = Buffer.from(JSON.stringify(operations)).toString('base64');
  return { allowed: true, patch, patchType: 'JSONPatch' };
}
