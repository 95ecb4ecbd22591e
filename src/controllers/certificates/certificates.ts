import type { SubjectAccessReview } from '../../api/authorization/v1.ts';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../api/certificates/v1.ts';
import {
  certificatesigningrequests,
  nodes,
  services,
  subjectaccessreviews,
} from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { resourcePath } from '../../client/client.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { formatTime } from '../../platform/clock.ts';
import { type RequestContent, readRequest } from '../../platform/x509.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import {
  expiryMs,
  hasCondition,
  isDue,
  isKubeletClient,
  isOwnServer,
  isSelf,
  kubeletClientSigner,
  kubeletServingSigner,
  type Neighbours,
  refusal,
} from './plan.ts';
import { type Authority, sign } from './x509.ts';

type Request = Stored<CertificateSigningRequest>;

/** A kind of certificate that nodes may get of themselves, and the right to it. */
interface Asked {
  what: string;
  subresource: string;
}

/** Signers whose requests are decided here. */
const decided = new Set([kubeletClientSigner, kubeletServingSigner]);

/** Approves the requests of nodes, signs what is approved, and clears away what is over. */
export function createCertificateController(
  context: ControllerContext,
  options: { authority: Authority },
): Component {
  const informer = context.informers.of(certificatesigningrequests);
  const known = context.informers.of(nodes);
  const used = context.informers.of(services);
  return createController({
    name: 'certificate-controller',
    queueName: 'certificate',
    context,
    setup: ({ queue }) => {
      informer.onChange({ added: (r) => queue.add(keyOf(r)), updated: (r) => queue.add(keyOf(r)) });
      const officer = new CertificateOfficer(context, {
        authority: options.authority,
        neighbours: () => ({ nodes: known.list(), services: used.list() }),
      });
      return async (key) => {
        const request = informer.get(key);
        return request ? officer.reconcile(request) : done;
      };
    },
  });
}

class CertificateOfficer {
  readonly #context: ControllerContext;
  readonly #authority: Authority;
  readonly #neighbours: () => Neighbours;

  constructor(
    context: ControllerContext,
    { authority, neighbours }: { authority: Authority; neighbours(): Neighbours },
  ) {
    this.#context = context;
    this.#authority = authority;
    this.#neighbours = neighbours;
  }

  async reconcile(request: Request): Promise<Outcome> {
    const endMs = expiryMs(request);
    const leftMs = endMs === undefined ? undefined : endMs - this.#context.clock.now();
    if (leftMs !== undefined && leftMs <= 0) return this.#remove(request);
    const isOpen = !hasCondition(request, 'Approved') && !hasCondition(request, 'Denied');
    if (isOpen && decided.has(request.spec.signerName)) await this.#decide(request);
    if (isDue(request)) await this.#issue(request);
    return leftMs === undefined ? done : { type: 'again', afterMs: leftMs };
  }

  async #remove(request: Request): Promise<Outcome> {
    const cause = causedBy(request, 'nobody needs the request any more');
    await this.#context.client
      .of(certificatesigningrequests)
      .delete(request.metadata, { cause, preconditions: { uid: request.metadata.uid } })
      .catch(ignoring('NotFound'));
    return done;
  }

  async #decide(request: Request): Promise<void> {
    const content = await readRequest(request.spec.request).catch(() => undefined);
    const asked = content && (await this.#granted(request, this.#askedFor(request, content)));
    if (!asked) return;
    const message = `Auto approving ${asked.what} certificate after SubjectAccessReview.`;
    const path = resourcePath(certificatesigningrequests, {
      name: request.metadata.name,
      subresource: 'approval',
    });
    const body = this.#with(request, { type: 'Approved', reason: 'AutoApproved', message });
    const cause = causedBy(request, 'it is a node that asks for itself');
    await this.#context.client.transport.request({ method: 'PUT', path, body, cause });
  }

  /** What it may be that is asked for, and the right that each takes; none where others have to decide. */
  #askedFor(request: Request, content: RequestContent): Asked[] {
    if (request.spec.signerName === kubeletServingSigner) {
      const isOwn = isOwnServer(request, content, this.#neighbours());
      return isOwn ? [{ what: 'kubelet serving', subresource: 'selfnodeserver' }] : [];
    }
    if (!isKubeletClient(request, content)) return [];
    const self = { what: 'self kubelet client', subresource: 'selfnodeclient' };
    return [
      ...(isSelf(request, content) ? [self] : []),
      { what: 'kubelet client', subresource: 'nodeclient' },
    ];
  }

  /** The first of these that whoever asks has the right to; throws where there is none, since rights may still come. */
  async #granted(request: Request, all: readonly Asked[]): Promise<Asked | undefined> {
    for (const asked of all) if (await this.#mayAsk(request, asked.subresource)) return asked;
    if (all.length === 0) return undefined;
    const tried = all.map(({ subresource }) => subresource).join(' ');
    throw new Error(
      `recognized csr "${request.metadata.name}" as [${tried}] but subject access review was not approved`,
    );
  }

  /** Whether whoever asks may have certificates of this kind. */
  async #mayAsk({ spec, metadata }: Request, kind: string): Promise<boolean> {
    const group = 'certificates.k8s.io';
    const resource = 'certificatesigningrequests';
    const review: SubjectAccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: spec.username,
        uid: spec.uid,
        groups: spec.groups,
        extra: spec.extra,
        resourceAttributes: { group, resource, verb: 'create', subresource: kind, version: '*' },
      },
    };
    const cause = { reason: `${metadata.name} asks for a certificate` };
    const answer = await this.#context.client.of(subjectaccessreviews).create(review, { cause });
    return answer.status?.allowed ?? false;
  }

  async #issue(request: Request): Promise<void> {
    const content = await readRequest(request.spec.request).catch((error): string => String(error));
    const why = typeof content === 'string' ? content : refusal(request, content as RequestContent);
    if (why) {
      const failed = this.#with(request, { type: 'Failed', reason: 'SignerValidationFailure', message: why });
      await this.#writeStatus(failed, 'it cannot be signed');
      return;
    }
    const { usages = [], expirationSeconds } = request.spec;
    const { clock, random } = this.#context;
    const options = { usages, expirationSeconds, clock, random };
    const certificate = await sign(this.#authority, request.spec.request, options);
    await this.#writeStatus({ ...request, status: { ...request.status, certificate } }, 'it is approved');
  }

  async #writeStatus(request: Request, why: string): Promise<void> {
    const cause = causedBy(request, why);
    await this.#context.client.of(certificatesigningrequests).updateStatus(request, { cause });
  }

  #with(
    request: Request,
    draft: Pick<CertificateSigningRequestCondition, 'type' | 'reason' | 'message'>,
  ): Request {
    const now = formatTime(this.#context.clock.now());
    const condition = { ...draft, status: 'True', lastUpdateTime: now, lastTransitionTime: now };
    const conditions = [...(request.status?.conditions ?? []), condition];
    return { ...request, status: { ...request.status, conditions } };
  }
}
