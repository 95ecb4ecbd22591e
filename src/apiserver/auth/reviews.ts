import * as resources from '../../api/generated/resources.ts';
import type {
  SelfSubjectReview,
  TokenReview,
  UserInfo as AuthenticatedUser,
} from '../../api/authentication/v1.ts';
import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '../../api/authorization/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { type FieldError, invalid } from '../../machinery/field-error.ts';
import { aggregated } from '../../machinery/go-text.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import { withZeroes } from '../kinds/shared/zero-values.ts';
import type { Kind, UserInfo } from '../registry/kind.ts';
import { type RequestNotes, type TokenIdentity, withAuthenticated } from './authenticator.ts';
import { type Attributes, type Authorizer, firstOpinion, kubeletClientAuthorizer } from './authorizer.ts';
import { selectorsOfReview } from './asked-selectors.ts';
import { selectorErrors, selectorEvaluationError } from './review-selectors.ts';
import type { RuleSource } from './rule-source.ts';

export interface ReviewOptions {
  authorizer: Authorizer;
  rules: RuleSource;
  /** Whom a token speaks for, towards these audiences. */
  identify(
    token: string,
    audiences: readonly string[],
    notes: RequestNotes,
  ): Promise<TokenIdentity | undefined>;
  /** The audiences of this server. */
  audiences: readonly string[];
}

/** The kinds that answer questions about who somebody is and what they may do. */
export function reviewKinds(options: ReviewOptions): Kind[] {
  const kinds = [
    accessReviewKind(options),
    localAccessReviewKind(options),
    selfAccessReviewKind(options),
    rulesReviewKind(options),
    tokenReviewKind(options),
    selfReviewKind(),
  ] as unknown as Kind[];
  return kinds.map(withZeroes);
}

const common = { verbs: ['create'], columns: [] } as const;

function resourceAttributes(asked: ResourceAttributes): Attributes {
  const {
    verb = '',
    group = '',
    version = '',
    resource = '',
    subresource = '',
    namespace = '',
    name = '',
  } = asked;
  const isNarrowed = asked.fieldSelector || asked.labelSelector;
  return {
    isResource: true,
    path: '',
    verb,
    group,
    version: version || '*',
    resource,
    subresource,
    namespace,
    name,
    selectors: isNarrowed ? () => selectorsOfReview(asked) : undefined,
  };
}

const pathAttributes = ({ verb = '', path = '' }: NonResourceAttributes): Attributes => ({
  ...resourceAttributes({ verb }),
  isResource: false,
  version: '',
  path,
});

type Asked = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

async function decide(
  authorizer: Authorizer,
  user: UserInfo,
  asked: Asked,
): Promise<SubjectAccessReviewStatus> {
  const { resourceAttributes: resource, nonResourceAttributes: path } = asked;
  const attributes = resource ? resourceAttributes(resource) : pathAttributes(path ?? {});
  const { verdict, reason, error } = await authorizer.authorize(user, attributes);
  const selectors = attributes.selectors?.();
  const selectorError = selectors ? selectorEvaluationError(selectors) : '';
  const evaluationError = [error, selectorError].filter(Boolean).join('; ');
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' && { denied: true }),
    ...(reason && { reason }),
    ...(evaluationError && { evaluationError }),
  };
}

function askedErrors({
  resourceAttributes: resource,
  nonResourceAttributes: path,
}: Asked): readonly FieldError[] {
  const both = 'cannot be specified in combination with resourceAttributes';
  const one = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  if (resource && path) return [invalid('spec.nonResourceAttributes', path, both)];
  return resource || path ? [] : [invalid('spec.resourceAttributes', resource ?? null, one)];
}

function subjectErrors({ user, groups }: SubjectAccessReviewSpec): readonly FieldError[] {
  if (user || groups?.length) return [];
  return [invalid('spec.user', user ?? '', 'at least one of user or group must be specified')];
}

const selectorsOf = ({ resourceAttributes: asked }: Asked) =>
  selectorErrors('spec.resourceAttributes', asked);

/** Reviews are no objects: what a client writes into their metadata is an error. */
function metadataErrors(review: KubernetesObject, known: readonly string[] = []): readonly FieldError[] {
  const but = known.length > 0 ? ` except for ${known.join(', ')}` : '';
  const set = Object.entries(review.metadata ?? {}).filter(
    ([key, value]) => !['managedFields', 'creationTimestamp', ...known].includes(key) && value,
  );
  return set.length === 0 ? [] : [invalid('metadata', review.metadata, `must be empty${but}`)];
}

const subjectOf = ({ user = '', groups = [], extra, uid }: SubjectAccessReviewSpec): UserInfo => ({
  name: user,
  groups,
  uid,
  extra,
});

/**
 * Kubelets ask here whether they are to do what the API server wants, so its right to that is known here alone. Of the
 * API server itself it may ask nothing: a node may say that it is found where an API server is, and what is sent on to
 * that node then comes back as a request of the server's own.
 */
function accessReviewKind(options: ReviewOptions): Kind<SubjectAccessReview> {
  const resource = resources.subjectaccessreviews;
  const authorizer = firstOpinion([kubeletClientAuthorizer, options.authorizer]);
  return {
    resource,
    ...common,
    validate: ({ spec, ...review }) => [
      ...askedErrors(spec),
      ...subjectErrors(spec),
      ...selectorsOf(spec),
      ...metadataErrors(review),
    ],
    async review(review) {
      const { spec } = review;
      return { ...review, status: await decide(authorizer, subjectOf(spec), spec) };
    },
  };
}

function localAccessReviewKind(options: ReviewOptions): Kind<LocalSubjectAccessReview> {
  const resource = resources.localsubjectaccessreviews;
  return {
    resource,
    ...common,
    validate(review, { namespace }) {
      const { spec } = review;
      const { resourceAttributes: object, nonResourceAttributes: path } = spec;
      const own = review.metadata.namespace ?? namespace;
      const errors = [
        ...askedErrors(spec),
        ...subjectErrors(spec),
        ...selectorsOf(spec),
        ...metadataErrors(review, ['namespace']),
      ];
      if (object && (object.namespace ?? '') !== own) {
        const why = 'must match metadata.namespace';
        errors.push(invalid('spec.resourceAttributes.namespace', object.namespace ?? '', why));
      }
      if (path) {
        errors.push(invalid('spec.nonResourceAttributes', path, 'disallowed on this kind of request'));
      }
      return errors;
    },
    async review(review) {
      const { spec } = review;
      return { ...review, status: await decide(options.authorizer, subjectOf(spec), spec) };
    },
  };
}

function selfAccessReviewKind(options: ReviewOptions): Kind<SelfSubjectAccessReview> {
  const resource = resources.selfsubjectaccessreviews;
  return {
    resource,
    ...common,
    validate: ({ spec, ...review }) => [
      ...askedErrors(spec),
      ...selectorsOf(spec),
      ...metadataErrors(review),
    ],
    async review(review, { user }) {
      return { ...review, status: await decide(options.authorizer, user, review.spec) };
    },
  };
}

function rulesReviewKind({ rules: source }: ReviewOptions): Kind<SelfSubjectRulesReview> {
  return {
    resource: resources.selfsubjectrulesreviews,
    ...common,
    validate({ spec }) {
      if (!spec.namespace) throw badRequest('no namespace on request');
      return [];
    },
    async review({ spec: { namespace } }, { user }) {
      const { rules, errors, incomplete } = source.rulesFor(user, namespace as string);
      const evaluationError = aggregated(errors);
      const resourceRules = rules.filter((rule) => rule.resources?.length);
      const pathRules = rules.filter((rule) => rule.nonResourceURLs?.length);
      return {
        metadata: {},
        spec: {},
        status: {
          resourceRules: resourceRules.map(({ verbs, apiGroups, resources: names, resourceNames }) => ({
            verbs,
            apiGroups,
            resources: names,
            ...(resourceNames?.length && { resourceNames }),
          })),
          nonResourceRules: pathRules.map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
          incomplete,
          ...(evaluationError && { evaluationError }),
        },
      };
    },
  };
}

const described = ({ name, uid, groups, extra }: UserInfo): AuthenticatedUser => ({
  username: name,
  ...(uid && { uid }),
  ...(groups.length > 0 && { groups: [...groups] }),
  ...(extra && Object.keys(extra).length > 0 && { extra }),
});

function tokenReviewKind({ identify, audiences }: ReviewOptions): Kind<TokenReview> {
  const resource = resources.tokenreviews;
  return {
    resource,
    ...common,
    validate({ spec: { token } }) {
      if (!token) throw badRequest('token is required for TokenReview in authentication');
      return [];
    },
    async review(review) {
      const { token = '', audiences: asked } = review.spec;
      // Upstream's words where no authenticator knows the token; what those say that do follows.
      const errors = ['invalid bearer token'];
      const notes = { warn() {}, annotate() {}, refuse: (why: string) => void errors.push(why) };
      const identity = await identify(token, asked?.length ? asked : audiences, notes);
      if (!identity) return { ...review, status: { user: {}, error: `[${errors.join(', ')}]` } };
      const status = {
        authenticated: true,
        user: described(withAuthenticated(identity.user)),
        audiences: [...identity.audiences],
      };
      return { ...review, status };
    },
  };
}

function selfReviewKind(): Kind<SelfSubjectReview> {
  return {
    resource: resources.selfsubjectreviews,
    ...common,
    async review(_, { user, platform }) {
      const creationTimestamp = timestamp(platform.clock);
      return { metadata: { creationTimestamp }, status: { userInfo: described(user) } };
    },
  };
}
