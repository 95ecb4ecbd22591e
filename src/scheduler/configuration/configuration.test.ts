import { describe, expect, test } from 'vitest';
import { builtInPlugins } from './registry.ts';
import { defaultConfiguration, parseConfiguration } from './configuration.ts';
import { ConfigurationError } from './reading.ts';
import { buildProfiles } from './profiles.ts';
import { parseYaml } from '../../machinery/yaml.ts';
import { testHandle } from '../testing.ts';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const parse = (yaml: string) => parseConfiguration(parseYaml(head + yaml));
const build = (yaml: string) => buildProfiles(parse(yaml), builtInPlugins, testHandle());

describe('a scheduler configuration', () => {
  test('that says nothing is the default one', () => {
    expect(parse('')).toEqual(defaultConfiguration);
    const [profile] = build('');
    expect(profile?.schedulerName).toBe('default-scheduler');
    expect(profile?.at.filter.map((p) => p.name)).toEqual([
      'NodeUnschedulable',
      'NodeName',
      'TaintToleration',
      'NodeAffinity',
      'NodePorts',
      'NodeResourcesFit',
      'VolumeRestrictions',
      'NodeVolumeLimits',
      'VolumeBinding',
      'VolumeZone',
      'PodTopologySpread',
      'InterPodAffinity',
      'DynamicResources',
      'NodeDeclaredFeatures',
    ]);
    expect(profile?.weights).toEqual({
      TaintToleration: 3,
      NodeAffinity: 2,
      NodeResourcesFit: 1,
      PodTopologySpread: 2,
      InterPodAffinity: 2,
      NodeResourcesBalancedAllocation: 1,
      ImageLocality: 1,
    });
  });

  test('turns plugins off and on, and weighs them anew', () => {
    const [profile] = build(`
percentageOfNodesToScore: 30
profiles:
- schedulerName: mine
  percentageOfNodesToScore: 50
  plugins:
    multiPoint:
      disabled: [{ name: ImageLocality }]
      enabled: [{ name: NodeAffinity, weight: 7 }]
    score:
      disabled: [{ name: '*' }]
      enabled: [{ name: NodeResourcesFit, weight: 9 }, { name: NodeAffinity }]
    postFilter:
      disabled: [{ name: DefaultPreemption }]
`);
    expect(profile?.percentageOfNodesToScore).toBe(50);
    expect(profile?.at.score.map((p) => p.name)).toEqual(['NodeResourcesFit', 'NodeAffinity']);
    expect(profile?.at.postFilter.map((p) => p.name)).toEqual(['DynamicResources']);
    expect(profile?.weights).toMatchObject({ NodeAffinity: 7, NodeResourcesFit: 9 });
  });

  test.each([
    [
      'after those that stay',
      '[{ name: NodeName }]',
      ['TaintToleration', 'NodeAffinity', 'Mine', 'NodeName'],
    ],
    ['alone', "[{ name: '*' }]", ['Mine', 'NodeName']],
    [
      'before the others where nothing is turned off',
      '[]',
      ['NodeName', 'TaintToleration', 'NodeAffinity', 'Mine'],
    ],
  ])('orders anew, %s, what is turned off and on again at a point', (_, disabled, order) => {
    const yaml = `
profiles:
- plugins:
    multiPoint:
      disabled: [{ name: '*' }]
      enabled: [${['TaintToleration', 'NodeName', 'NodeAffinity', 'PrioritySort', 'DefaultBinder'].map((name) => `{ name: ${name} }`)}]
    filter:
      disabled: ${disabled}
      enabled: [{ name: Mine }, { name: NodeName }]
`;
    const registry = { ...builtInPlugins, Mine: () => ({ name: 'Mine', filter: () => undefined }) };
    const [profile] = buildProfiles(parse(yaml), registry, testHandle());
    expect(profile?.at.filter.map(({ name }) => name)).toEqual(order);
  });

  test('may say what plugins need that are not turned on', () => {
    const plugins = '{ multiPoint: { disabled: [{ name: ImageLocality }, { name: DefaultPreemption }] } }';
    const pluginConfig = '[{ name: DefaultPreemption, args: { minCandidateNodesAbsolute: 10 } }]';
    const [profile] = build(`profiles: [{ plugins: ${plugins}, pluginConfig: ${pluginConfig} }]`);
    expect(profile?.at.postFilter.map(({ name }) => name)).toEqual(['DynamicResources']);
  });

  test('tells plugins what they need', () => {
    const args = (name: string, text: string) => () =>
      build(`profiles: [{ pluginConfig: [{ name: ${name}, args: ${text} }] }]`);
    expect(args('InterPodAffinity', '{ hardPodAffinityWeight: 101 }')).toThrow(
      /not in valid range \[0-100\]/,
    );
    expect(args('InterPodAffinity', '{ hardPodAffinityWeigth: 1 }')).toThrow(
      'hardPodAffinityWeigth: unknown field',
    );
    expect(args('NodeResourcesFit', '{ scoringStrategy: { type: Best } }')).toThrow(
      /Unsupported value: "Best"/,
    );
    expect(args('NodeResourcesFit', '{ scoringStrategy: { type: RequestedToCapacityRatio } }')).toThrow(
      /at least one point/,
    );
    expect(
      args(
        'PodTopologySpread',
        '{ defaultConstraints: [{ maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway }] }',
      ),
    ).toThrow(/defaultingType is System/);
    expect(args('NodeResourcesFit', '{ ignoredResources: [example.com/a] }')).not.toThrow();
  });

  const spread = '{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway }';
  const asList = (constraints: string) => `{ defaultingType: List, defaultConstraints: [${constraints}] }`;
  const withTerm = (term: string) =>
    `{ addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [${term}] } } }`;
  const wish = (weight: number) => {
    const term = '{ matchExpressions: [{ key: a b, operator: Exists }] }';
    return `{ addedAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: ${weight}, preference: ${term} }] } }`;
  };
  const place = 'addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]';

  // The cases of upstream's tests of the same (`validation_pluginargs_test.go`).
  test.each([
    ['PodTopologySpread', asList(spread), undefined],
    [
      'PodTopologySpread',
      asList('{ maxSkew: -1, topologyKey: node, whenUnsatisfiable: DoNotSchedule }'),
      'defaultConstraints[0].maxSkew: Invalid value: -1: not in valid range (0, inf)',
    ],
    [
      'PodTopologySpread',
      asList('{ maxSkew: 1, whenUnsatisfiable: DoNotSchedule }'),
      'defaultConstraints[0].topologyKey: Required value: can not be empty',
    ],
    [
      'PodTopologySpread',
      asList('{ maxSkew: 1, topologyKey: node }'),
      'defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty',
    ],
    [
      'PodTopologySpread',
      asList('{ maxSkew: 1, topologyKey: node, whenUnsatisfiable: unknown action }'),
      'defaultConstraints[0].whenUnsatisfiable: Unsupported value: "unknown action": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ],
    [
      'PodTopologySpread',
      asList(`${spread}, ${spread}`),
      'defaultConstraints[1]: Duplicate value: "{zone, ScheduleAnyway}"',
    ],
    [
      'PodTopologySpread',
      asList(spread.replace('}', ', labelSelector: {} }')),
      'defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod',
    ],
    ['NodeResourcesFit', '{ ignoredResources: [/a], ignoredResourceGroups: [] }', 'ignoredResources[0]: '],
    [
      'NodeResourcesFit',
      '{ ignoredResourceGroups: [foo/bar] }',
      `ignoredResourceGroups[0]: Invalid value: "foo/bar": resource group name can't contain '/'`,
    ],
    [
      'NodeResourcesFit',
      '{ scoringStrategy: { type: LeastAllocated, requestedToCapacityRatio: { shape: [] } } }',
      'scoringStrategy.requestedToCapacityRatio: Forbidden: must be nil when type is not RequestedToCapacityRatio',
    ],
    ['NodeResourcesFit', '{ scoringStrategy: { resources: [{ name: cpu, weight: 0 }] } }', undefined],
    [
      'NodeResourcesBalancedAllocation',
      '{ resources: [{ name: cpu, weight: 2 }] }',
      'resources[0].weight: Invalid value: 2: must be 1',
    ],
    [
      'NodeResourcesBalancedAllocation',
      '{ resources: [{ name: cpu }, { name: cpu }] }',
      'resources[1].name: Duplicate value: "cpu"',
    ],
    ['NodeAffinity', withTerm('{ matchExpressions: [{ key: a, operator: In, values: [b] }] }'), undefined],
    [
      'NodeAffinity',
      withTerm('{ matchExpressions: [{ key: a, operator: In }] }'),
      `${place}.matchExpressions[0].values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty`,
    ],
    [
      'NodeAffinity',
      withTerm('{ matchExpressions: [{ key: a, operator: Has }] }'),
      `${place}.matchExpressions[0].operator: Unsupported value: "Has"`,
    ],
    [
      'NodeAffinity',
      withTerm('{ matchFields: [{ key: metadata.name, operator: In, values: [a, b] }] }'),
      `${place}.matchFields[0].values: Invalid value: ["a","b"]: must have one element`,
    ],
    ['NodeAffinity', wish(0), undefined],
    ['NodeAffinity', wish(1), 'matchExpressions[0].key: Invalid value: "a b": name part must consist of'],
  ])('tells %s %s, if that can be meant', (name, args, error) => {
    const told = () => build(`profiles: [{ pluginConfig: [{ name: ${name}, args: ${args} }] }]`);
    if (error) expect(told).toThrow(error);
    else expect(told).not.toThrow();
  });

  describe('of extenders', () => {
    const extender = (text: string) => parse(`extenders: [{ urlPrefix: "http://x", ${text} }]`).extenders[0];

    test('fills in what is not said', () => {
      expect(extender('filterVerb: filter')).toEqual({
        urlPrefix: 'http://x',
        filterVerb: 'filter',
        preemptVerb: '',
        prioritizeVerb: '',
        bindVerb: '',
        weight: 0,
        tls: { insecure: false },
        timeoutMs: 5000,
        nodeCacheCapable: false,
        managedResources: [],
        ignorable: false,
      });
      expect(extender('httpTimeout: 1m30s')?.timeoutMs).toBe(90_000);
      expect(extender('httpTimeout: 0s')?.timeoutMs).toBe(5000);
      expect(extender('managedResources: [{ name: x.io/a }]')?.managedResources).toEqual([
        { name: 'x.io/a', ignoredByScheduler: false },
      ]);
      expect(parse('').extenders).toEqual([]);
    });

    test('believes whoever answers over HTTPS where no authority is given', () => {
      const tls = (text: string) => extender(text)?.tls;
      expect(tls('enableHTTPS: true')).toEqual({ insecure: true });
      expect(tls('enableHTTPS: true, tlsConfig: { caFile: /ca, serverName: s }')).toEqual({
        insecure: false,
        serverName: 's',
        ca: { file: '/ca' },
      });
      expect(tls('tlsConfig: { certData: YQ==, certFile: /c, keyFile: /k }')).toEqual({
        insecure: false,
        cert: { text: 'a' },
        key: { file: '/k' },
      });
      expect(tls('tlsConfig: { certFile: /c }')).toEqual({ insecure: false });
    });

    test('is refused where it cannot be meant', () => {
      const refused = (text: string) => expect(() => extender(text));
      refused('prioritizeVerb: p').toThrow(
        'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
      );
      refused('prioritizeVerb: p, weight: -1').toThrow('Invalid value: -1: must have a positive weight');
      refused('filter: f').toThrow('extenders[0].filter: unknown field');
      refused('ignorable: "yes"').toThrow('extenders[0].ignorable: must be true or false');
      refused('httpTimeout: soon').toThrow('extenders[0].httpTimeout: time: invalid duration "soon"');
      refused('tlsConfig: { caFile: /ca, insecure: true }').toThrow(
        'extenders[0].tlsConfig: specifying a root certificates file with the insecure flag is not allowed',
      );
      refused('tlsConfig: { caData: "-" }').toThrow('extenders[0].tlsConfig.caData: must be base64');
      const name = (text: string) => refused(`managedResources: [${text}]`);
      name('{ name: "x.io/a/b" }').toThrow(
        'extenders[0].managedResources[0].name: Invalid value: "x.io/a/b": a valid label key must consist of',
      );
      name('{ name: cpu }').toThrow('Invalid value: "cpu": is an invalid extended resource name');
      name('{ name: kubernetes.io/a }').toThrow('is an invalid extended resource name');
      name('{ name: x.io/a }, { name: x.io/a }').toThrow(
        'extenders[0].managedResources[1].name: Invalid value: "x.io/a": duplicate extender managed resource name',
      );
      expect(() => parse('extenders: [{ bindVerb: b }, { bindVerb: b }]')).toThrow(
        'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
      );
    });
  });

  test('is refused where it cannot be meant', () => {
    expect(() => parseConfiguration({ apiVersion: 'v1', kind: 'Pod' })).toThrow(
      'no kind "Pod" is registered for version "v1"',
    );
    expect(() => parseConfiguration({})).toThrow(ConfigurationError);
    expect(() => parseConfiguration({})).toThrow("Object 'Kind' is missing in '{}'");
    expect(() => parse('profiles: [{ plugins: { filters: {} } }]')).toThrow(
      'profiles[0].plugins.filters: unknown field',
    );
    expect(() => parse('profiles: [{}, {}]')).toThrow(
      'profiles[1].schedulerName: Duplicate value: "default-scheduler"',
    );
    expect(() => parse('podInitialBackoffSeconds: 20')).toThrow(/podMaxBackoffSeconds/);
    expect(() => parse('parallelism: 0')).toThrow(/^parallelism: Invalid value: 0/);
    expect(() => parse('percentageOfNodesToScore: 101')).toThrow(/valid range/);
    expect(() => build('profiles: [{ plugins: { multiPoint: { enabled: [{ name: Nope }] } } }]')).toThrow(
      /plugin "Nope" does not exist/,
    );
    const twice = '{ enabled: [{ name: NodeName }, { name: NodeName }] }';
    expect(() => build(`profiles: [{ plugins: { filter: ${twice} } }]`)).toThrow(
      'profiles[0].plugins.filter.enabled[1]: plugin "NodeName" already registered',
    );
    expect(() => build('profiles: [{ pluginConfig: [{ name: Nope }] }]')).toThrow(
      /configures "Nope", which does not exist/,
    );
    expect(() => build('profiles: [{ plugins: { bind: { disabled: [{ name: "*" }] } } }]')).toThrow(
      /bind plugin/,
    );
    expect(() => build('profiles: [{ plugins: { filter: { enabled: [{ name: PrioritySort }] } } }]')).toThrow(
      /has nothing for it/,
    );
  });
});
