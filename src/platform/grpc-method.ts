import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';

/** Where a server has a method. */
export const grpcPath = ({ parent, name }: Pick<DescMethod, 'parent' | 'name'>): string =>
  `/${parent.typeName}/${name}`;

/** What a client's call of a method begins with: its path, how its requests are written, how its answers are read. */
export const grpcMethod = <I extends DescMessage, O extends DescMessage>(
  method: Pick<DescMethod, 'parent' | 'name'> & { input: I; output: O },
) =>
  [
    grpcPath(method),
    (request: MessageShape<I>) => Buffer.from(toBinary(method.input, request)),
    (bytes: Buffer): MessageShape<O> => fromBinary(method.output, bytes),
  ] as const;
