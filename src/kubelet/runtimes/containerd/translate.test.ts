import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { TaskExitSchema, TaskOOMSchema } from '../generated/containerd/events_pb.js';
import { EnvelopeSchema } from '../generated/containerd/events-service_pb.js';
import { ContainerConfigSchema, ContainerStatusSchema } from '../generated/runtime/v1/container_pb.js';
import { PodSandboxConfigSchema, PodSandboxStatusSchema } from '../generated/runtime/v1/sandbox_pb.js';
import { RuntimeError } from '../runtime-error.ts';
import { namesIn } from './archive-names.ts';
import { containerdEvent } from './events.ts';
import { containerStatus, sandboxStatus } from './from-cri.ts';
import { stopSignalNumber } from './stop-signal.ts';
import { parseStreamEnd } from './streaming.ts';
import { containerConfig, sandboxConfig } from './to-cri.ts';
import { ignoreNotFound, imageError, translateGrpcError } from './translate-error.ts';

describe('to the runtime interface', () => {
  test('a sandbox', () => {
    const message = create(
      PodSandboxConfigSchema,
      sandboxConfig({
        pod: { name: 'p', namespace: 'n', uid: 'u', attempt: 2 },
        hostname: 'p',
        logDirectory: '/l',
        cgroupParent: '/kubepods/podu',
        labels: { a: 'b' },
        annotations: {},
        dns: { servers: ['10.96.0.10'], searches: ['x'], options: ['ndots:5'] },
        sysctls: { 'net.core.somaxconn': '1' },
        namespaces: {
          network: 'node',
          ipc: 'pod',
          pid: { containerId: 'c' },
          user: { uids: [{ hostId: 65536, containerId: 0, length: 65536 }], gids: [] },
        },
        runAsUser: 0,
        seccomp: { type: 'Localhost', localhost: '/p.json' },
      }),
    );
    const back = fromBinary(PodSandboxConfigSchema, toBinary(PodSandboxConfigSchema, message));
    expect(back.metadata).toMatchObject({ name: 'p', namespace: 'n', uid: 'u', attempt: 2 });
    expect(back.linux?.sysctls).toEqual({ 'net.core.somaxconn': '1' });
    const security = back.linux?.securityContext;
    expect(security?.runAsUser?.value).toBe(0n);
    expect(security?.runAsGroup).toBeUndefined();
    expect(security?.seccomp).toMatchObject({ profileType: 2, localhostRef: '/p.json' });
    expect(security?.namespaceOptions).toMatchObject({ network: 2, ipc: 0, pid: 3, targetId: 'c' });
    expect(security?.namespaceOptions?.usernsOptions).toMatchObject({
      mode: 0,
      uids: [{ hostId: 65536, length: 65536 }],
    });
  });

  test('a container', () => {
    const message = create(
      ContainerConfigSchema,
      containerConfig({
        container: { name: 'c', attempt: 3 },
        image: 'sha256:1',
        userImage: 'nginx',
        env: [{ name: 'A', value: '1' }],
        mounts: [{ containerPath: '/m', hostPath: '/h', readOnly: true, propagation: 'Bidirectional' }],
        labels: {},
        annotations: {},
        logPath: 'c/3.log',
        stopSignal: 'SIGQUIT',
        resources: {
          cpuQuotaUs: -1,
          memoryLimitBytes: 2 ** 40,
          hugepageLimits: [{ pageSize: '2MB', limitBytes: 4 << 20 }],
        },
        security: {
          namespaces: { network: 'pod', ipc: 'pod', pid: 'container' },
          capabilities: { add: ['X'], drop: ['ALL'] },
          supplementalGroupsPolicy: 'Strict',
        },
      }),
    );
    const back = fromBinary(ContainerConfigSchema, toBinary(ContainerConfigSchema, message));
    expect(back.stopSignal).toBe(18);
    expect(Buffer.from(back.envs[0]?.value ?? []).toString()).toBe('1');
    expect(back.mounts[0]).toMatchObject({ readonly: true, propagation: 2 });
    expect(back.mounts[0]?.image).toBeUndefined();
    expect(back.linux?.resources).toMatchObject({ cpuQuota: -1n, memoryLimitInBytes: 2n ** 40n });
    expect(back.linux?.resources?.hugepageLimits[0]?.limit).toBe(4194304n);
    expect(back.linux?.securityContext).toMatchObject({ supplementalGroupsPolicy: 1 });
    expect(back.linux?.securityContext?.runAsUser).toBeUndefined();
  });

  test.each([
    ['SIGTERM', 23],
    ['SIGABRT', 1],
    ['SIGRTMIN', 35],
    ['SIGRTMIN+15', 50],
    ['SIGRTMAX-14', 51],
    ['SIGRTMAX', 65],
    [undefined, 0],
    ['SIGNONE', 0],
  ])('the signal %s has number %i', (name, number) => expect(stopSignalNumber(name)).toBe(number));
});

describe('from the runtime interface', () => {
  test('a container that has ended, and one that has not begun', () => {
    const ended = create(ContainerStatusSchema, {
      id: 'c',
      state: 2,
      createdAt: 1_700_000_000_123_456_789n,
      startedAt: 1_700_000_001_000_000_000n,
      finishedAt: 1_700_000_002_000_000_000n,
      exitCode: 137,
      reason: 'OOMKilled',
      user: { linux: { uid: 1n, gid: 2n, supplementalGroups: [3n] } },
    });
    expect(containerStatus(ended)).toMatchObject({
      state: 'exited',
      createdAtMs: 1_700_000_000_123,
      startedAtMs: 1_700_000_001_000,
      finishedAtMs: 1_700_000_002_000,
      exitCode: 137,
      reason: 'OOMKilled',
      user: { uid: 1, gid: 2, supplementalGroups: [3] },
    });
    const created = containerStatus(create(ContainerStatusSchema, { state: 0 }));
    expect(created).toMatchObject({
      state: 'created',
      startedAtMs: undefined,
      finishedAtMs: undefined,
      exitCode: undefined,
    });
  });

  test('a sandbox with two addresses', () => {
    const message = create(PodSandboxStatusSchema, {
      network: { ip: '10.0.0.1', additionalIps: [{ ip: 'fd00::1' }] },
    });
    expect(sandboxStatus(message)).toMatchObject({ state: 'ready', ips: ['10.0.0.1', 'fd00::1'] });
  });

  test('events: first processes only', () => {
    const exit = (id: string) =>
      create(EnvelopeSchema, {
        topic: '/tasks/exit',
        event: anyPack(
          TaskExitSchema,
          create(TaskExitSchema, { containerId: 'c', id, exitStatus: 3, exitedAt: { seconds: 5n } }),
        ),
      });
    expect(containerdEvent(exit('c'))).toEqual({ type: 'exited', id: 'c', exitCode: 3, atMs: 5000 });
    expect(containerdEvent(exit('an exec'))).toBeUndefined();
    const oom = anyPack(TaskOOMSchema, create(TaskOOMSchema, { containerId: 'c' }));
    expect(containerdEvent(create(EnvelopeSchema, { topic: '/tasks/oom', event: oom }))).toEqual({
      type: 'outOfMemory',
      id: 'c',
    });
  });

  test('errors, by code and by wording', async () => {
    const code = (c: status, details: string) => translateGrpcError({ code: c, details }).code;
    expect(code(status.UNKNOWN, 'failed to reserve container name "x": name "x" is reserved for "y"')).toBe(
      'AlreadyExists',
    );
    expect(
      code(status.UNKNOWN, 'failed to do request: dial tcp 10.0.0.1:443: connect: connection refused'),
    ).toBe('Unavailable');
    expect(code(status.UNKNOWN, 'server message: insufficient_scope: authorization failed')).toBe(
      'PermissionDenied',
    );
    expect(code(status.UNKNOWN, 'something else')).toBe('Internal');
    expect(code(status.NOT_FOUND, 'an error occurred')).toBe('NotFound');
    expect(code(status.UNAVAILABLE, 'No connection established')).toBe('Unavailable');
    const missing = new RuntimeError(
      'NotFound',
      'failed to get image from containerd "x": image "x": not found',
    );
    expect(imageError(missing)).toMatchObject({ code: 'ImageNotFound' });
    expect(
      imageError(new RuntimeError('NotFound', 'failed to find sandbox id "x": not found')),
    ).toMatchObject({ code: 'NotFound' });
    await ignoreNotFound(Promise.reject(missing));
    await expect(ignoreNotFound(Promise.reject(new RuntimeError('Timeout', '')))).rejects.toMatchObject({
      code: 'Timeout',
    });
  });

  test.each([
    ['{"metadata":{},"status":"Success"}', { exitCode: 0 }],
    [
      '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: 5","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"5"}]}}',
      { exitCode: 5 },
    ],
    ['{"status":"Failure","message":"no such container"}', { error: 'no such container' }],
    ['plain words', { error: 'plain words' }],
    ['', { error: 'the connection to the runtime was lost' }],
  ])('the end of a session: %s', (text, end) => expect(parseStreamEnd(text)).toEqual(end));

  test('the names of images in an archive, of either kind', () => {
    const index = { manifests: [{ annotations: { 'io.containerd.image.name': 'k8ts.local/a:1' } }, {}] };
    const manifest = [{ RepoTags: ['b:2', 'k8ts.local/a:1'] }, { RepoTags: null }];
    const both = { 'index.json': JSON.stringify(index), 'manifest.json': JSON.stringify(manifest) };
    expect(namesIn(both)).toEqual(['k8ts.local/a:1', 'b:2']);
    expect(namesIn({})).toEqual([]);
  });
});
