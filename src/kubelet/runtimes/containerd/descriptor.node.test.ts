import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  type DescEnum,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
} from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { file_containerd_content } from '../generated/containerd/content_pb.js';
import { file_containerd_events } from '../generated/containerd/events_pb.js';
import { file_containerd_events_service } from '../generated/containerd/events-service_pb.js';
import { file_runtime_v1_container } from '../generated/runtime/v1/container_pb.js';
import { file_runtime_v1_image } from '../generated/runtime/v1/image_pb.js';
import { file_runtime_v1_resources } from '../generated/runtime/v1/resources_pb.js';
import { file_runtime_v1_runtime } from '../generated/runtime/v1/runtime_pb.js';
import { file_runtime_v1_sandbox } from '../generated/runtime/v1/sandbox_pb.js';
import { file_runtime_v1_stats } from '../generated/runtime/v1/stats_pb.js';
import { file_runtime_v1_values } from '../generated/runtime/v1/values_pb.js';

const binary = '/usr/bin/containerd';
const why = existsSync(binary) ? undefined : `needs ${binary}`;

/** Go programs carry the descriptors of their messages, each compressed by gzip without name or time. */
function descriptorsIn(path: string): FileDescriptorProto[] {
  const bytes = readFileSync(path);
  const head = Buffer.from('1f8b080000000000', 'hex');
  const found: FileDescriptorProto[] = [];
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) {
    try {
      found.push(fromBinary(FileDescriptorProtoSchema, gunzipSync(bytes.subarray(at, at + 100_000))));
    } catch {
      // Something else that begins alike.
    }
  }
  return found;
}

const own: DescFile[] = [
  file_runtime_v1_container,
  file_runtime_v1_image,
  file_runtime_v1_resources,
  file_runtime_v1_runtime,
  file_runtime_v1_sandbox,
  file_runtime_v1_stats,
  file_runtime_v1_values,
  file_containerd_content,
  file_containerd_events,
  file_containerd_events_service,
];

/** Younger than Debian's containerd; of the interface's v1.36. */
const younger = [
  'runtime.v1.Container.image_id',
  'runtime.v1.ContainerConfig.CDI_devices',
  'runtime.v1.ContainerConfig.stop_signal',
  'runtime.v1.ContainerStatus.image_id',
  'runtime.v1.ContainerStatus.user',
  'runtime.v1.ImageSpec.image_ref',
  'runtime.v1.ImageSpec.runtime_handler',
  'runtime.v1.ImageSpec.user_specified_image',
  'runtime.v1.LinuxContainerSecurityContext.supplemental_groups_policy',
  'runtime.v1.LinuxSandboxSecurityContext.supplemental_groups_policy',
  'runtime.v1.Mount.gidMappings',
  'runtime.v1.Mount.image',
  'runtime.v1.Mount.image_sub_path',
  'runtime.v1.Mount.recursive_read_only',
  'runtime.v1.Mount.uidMappings',
  'runtime.v1.StatusResponse.runtime_handlers',
];
const youngerMessages = [
  'CDIDevice',
  'ContainerEventResponse',
  'ContainerUser',
  'GetEventsRequest',
  'LinuxContainerUser',
  'RuntimeHandler',
  'RuntimeHandlerFeatures',
];

const theirType = (type: string) => type.replace(/^\./, '');

/** Every field as `name number type`, nested messages included; maps by their entry's name. */
function theirFields(files: FileDescriptorProto[]): Map<string, string> {
  const fields = new Map<string, string>();
  const addMessage = (message: FileDescriptorProto['messageType'][number], prefix: string) => {
    const name = `${prefix}.${message.name}`;
    for (const f of message.field) {
      fields.set(`${name}.${f.name}`, `${f.number} ${f.label} ${f.type} ${theirType(f.typeName)}`);
    }
    for (const nested of message.nestedType) addMessage(nested, name);
  };
  for (const file of files) for (const message of file.messageType) addMessage(message, file.package);
  return fields;
}

const everyMessage = (messages: DescMessage[]): DescMessage[] =>
  messages.flatMap((m) => [m, ...everyMessage(m.nestedMessages)]);

/** Text there, bytes here: see values.proto. The signal's number: see container.proto. */
const knowinglyOther = new Set(['runtime.v1.KeyValue.value']);

describe.skipIf(why)(`messages are those of Debian's containerd${why ? ` (skipped: ${why})` : ''}`, () => {
  const theirs = why ? [] : descriptorsIn(binary);
  const fields = theirFields(theirs);

  test('every field has the number and type of the binary, or is known to be younger', () => {
    const unknown: string[] = [];
    for (const message of own.flatMap((file) => everyMessage(file.messages))) {
      for (const { proto: f, name } of message.fields) {
        const full = `${message.typeName}.${name}`;
        const known = fields.get(full);
        if (known === undefined) unknown.push(full);
        else if (!knowinglyOther.has(full)) {
          expect(`${full} ${f.number} ${f.label} ${f.type} ${theirType(f.typeName)}`).toBe(
            `${full} ${known}`,
          );
        }
      }
    }
    const ofOldMessages = unknown.filter(
      (name) => !youngerMessages.some((m) => name.startsWith(`runtime.v1.${m}.`)),
    );
    expect(ofOldMessages.sort()).toEqual(younger);
  });

  test('every value of an enumeration has its number', () => {
    const theirValues = new Map<string, number>();
    const add = (prefix: string, e: FileDescriptorProto['enumType'][number]) => {
      for (const v of e.value) theirValues.set(`${prefix}.${e.name}.${v.name}`, v.number);
    };
    for (const file of theirs) {
      for (const e of file.enumType) add(file.package, e);
      for (const m of file.messageType) for (const e of m.enumType) add(`${file.package}.${m.name}`, e);
    }
    const enums = own.flatMap((file): DescEnum[] => [
      ...file.enums,
      ...everyMessage(file.messages).flatMap((m) => m.nestedEnums),
    ]);
    const compared = enums.flatMap((e) =>
      e.values.map((v) => [`${e.typeName}.${v.name}`, v.number] as const),
    );
    const missing = compared.filter(([name]) => !theirValues.has(name)).map(([name]) => name);
    expect(missing.every((name) => /SupplementalGroupsPolicy|ContainerEventType/.test(name))).toBe(true);
    for (const [name, number] of compared)
      if (theirValues.has(name)) expect([name, theirValues.get(name)]).toEqual([name, number]);
  });

  test('every method is there with its messages', () => {
    const theirMethods = new Map<string, string>(
      theirs.flatMap((file) =>
        file.service.flatMap((s) =>
          s.method.map(
            (m) =>
              [
                `${file.package}.${s.name}/${m.name}`,
                `${theirType(m.inputType)} ${theirType(m.outputType)}`,
              ] as const,
          ),
        ),
      ),
    );
    const services = own.flatMap((file): DescService[] => file.services);
    for (const method of services.flatMap((s) => s.methods)) {
      const name = `${method.parent.typeName}/${method.name}`;
      if (method.name === 'GetContainerEvents') continue;
      expect([name, theirMethods.get(name)]).toEqual([
        name,
        `${method.input.typeName} ${method.output.typeName}`,
      ]);
    }
  });
});
