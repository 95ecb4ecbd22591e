import { describe, expect, test } from 'vitest';
import type {
  RuleWithOperations,
  ValidatingAdmissionPolicySpec,
  ValidatingWebhook,
  WebhookClientConfig,
} from '../../../api/admissionregistration/v1.ts';
import { created, createErrors, testContext, texts } from '../shared/testing.ts';
import { validatingAdmissionPolicyBindingKind, validatingAdmissionPolicyKind } from './policies.ts';
import { validatingWebhookConfigurationKind } from './webhooks.ts';

const metadata = { name: 'x' };
const rule: RuleWithOperations = {
  operations: ['CREATE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['pods'],
};

describe('a webhook', () => {
  const hook = (more: Partial<ValidatingWebhook> = {}): ValidatingWebhook => ({
    name: 'a.example.com',
    clientConfig: { url: 'https://a.example/x' },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  });
  const errors = (...webhooks: ValidatingWebhook[]) =>
    createErrors(validatingWebhookConfigurationKind, { metadata, webhooks });

  test('is filled in', () => {
    const { webhooks } = created(validatingWebhookConfigurationKind, {
      metadata,
      webhooks: [hook({ rules: [{ ...rule }] })],
    });
    expect(webhooks?.[0]).toMatchObject({
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: 10,
      rules: [{ scope: '*' }],
    });
    expect(errors(hook())).toEqual([]);
  });

  test('has a full name of its own, and answers in time', () => {
    expect(errors(hook({ name: 'a.b' }), hook(), hook({ timeoutSeconds: 31 }))).toEqual([
      'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      'webhooks[2].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      'webhooks[2].name: Duplicate value: "a.example.com"',
    ]);
  });

  test('speaks a version that the server does', () => {
    expect(errors(hook({ admissionReviewVersions: ['v9'] }))).toEqual([
      'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ]);
  });

  test.each<[WebhookClientConfig, string[]]>([
    [{}, ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [
      { url: 'http://u@a.example/x?y#z' },
      [
        'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
        'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "z": fragments are not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "y": query parameters are not permitted in the URL',
      ],
    ],
    [
      { service: { name: 's', namespace: 'n', port: 0, path: '/a//b' } },
      [
        'webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
        'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
      ],
    ],
  ])('is called at %j', (clientConfig, expected) => {
    expect(errors(hook({ clientConfig }))).toEqual(expected);
  });

  test('is asked about what its rules say, said once', () => {
    const rules = [
      { ...rule, operations: ['*', 'CREATE'], resources: ['*', 'pods'] },
      { ...rule, operations: ['LOOK'], resources: ['pods/*', 'pods/status'] },
    ];
    expect(errors(hook({ rules }))).toEqual([
      'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
      'webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if \'*\' is present, must not specify other resources without subresources',
      'webhooks[0].rules[1].operations[0]: Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      'webhooks[0].rules[1].resources[1]: Invalid value: "pods/status": if \'pods/*\' is present, must not specify pods/status',
    ]);
  });
});

describe('a policy', () => {
  const errors = (spec: ValidatingAdmissionPolicySpec) =>
    createErrors(validatingAdmissionPolicyKind, { metadata, spec });

  test('says what it is for, and what has to hold', () => {
    expect(errors({})).toEqual([
      'spec.matchConstraints: Required value',
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
      'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ]);
    const matchConstraints = { resourceRules: [rule] };
    expect(errors({ matchConstraints, validations: [{ expression: 'true' }] })).toEqual([]);
    expect(
      errors({ matchConstraints, validations: [{ expression: ' ', message: 'a\nb', reason: 'So' }] }),
    ).toEqual([
      'spec.validations[0].expression: Required value: expression is not specified',
      'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
      'spec.validations[0].reason: Unsupported value: "So": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ]);
  });

  test('names what it computes', () => {
    const matchConstraints = { resourceRules: [rule] };
    const validations = [{ expression: 'true' }];
    const variables = [
      { name: 'while', expression: '1' },
      { name: 'a-b', expression: '' },
    ];
    const auditAnnotations = [
      { key: 'a', valueExpression: "'b'" },
      { key: 'a', valueExpression: ' ' },
      { key: '', valueExpression: `'${'x'.repeat(5119)}'` },
    ];
    expect(errors({ matchConstraints, validations, variables, auditAnnotations })).toEqual([
      'spec.variables[0].name: Invalid value: "while": name is not a valid CEL identifier',
      'spec.variables[1].name: Invalid value: "a-b": name is not a valid CEL identifier',
      'spec.variables[1].expression: Required value: expression is not specified',
      'spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified',
      'spec.auditAnnotations[1].key: Duplicate value: "a"',
      'spec.auditAnnotations[2].key: Invalid value: "x/": name part must be non-empty',
      expect.stringMatching(
        /^spec\.auditAnnotations\[2\]\.key: Invalid value: "x\/": name part must consist/,
      ),
      'spec.auditAnnotations[2].valueExpression: Required value: must not exceed 5120 bytes in length',
    ]);
  });

  test('has reports on its expressions that say what is meant', () => {
    const old = created(validatingAdmissionPolicyKind, { metadata, spec: {} });
    const expressionWarnings = [{ warning: '', fieldRef: ' ' }];
    const now = { ...old, status: { typeChecking: { expressionWarnings } } };
    const said = validatingAdmissionPolicyKind.status?.validateUpdate?.(now, old, testContext()) ?? [];
    expect(texts(said)).toEqual([
      'status.typeChecking.expressionWarnings[0].warning: Required value',
      'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
    ]);
  });

  test('takes parameters by name or by labels', () => {
    const selector = { matchExpressions: [{ key: 'a', operator: 'Like' }] };
    const paramRef = { name: 'a/b', selector, parameterNotFoundAction: 'Ask' };
    const spec = { policyName: 'p', validationActions: ['Deny'], paramRef };
    expect(createErrors(validatingAdmissionPolicyBindingKind, { metadata, spec })).toEqual([
      'spec.paramRef.name: Invalid value: "a/b": may not contain \'/\'',
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
      'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow"',
    ]);
  });

  test('is bound to actions that do not say the same twice', () => {
    const spec = { policyName: 'p', validationActions: ['Deny', 'Warn'], paramRef: {} };
    expect(createErrors(validatingAdmissionPolicyBindingKind, { metadata, spec })).toEqual([
      'spec.paramRef: Required value: one of name or selector must be specified',
      'spec.paramRef.parameterNotFoundAction: Required value',
      'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ]);
  });
});
