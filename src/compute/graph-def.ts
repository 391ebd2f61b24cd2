/**
 * TensorFlow's own graph format, as far as a recorded step needs it: nodes with attributes, and the SavedModel around
 * them. Field numbers are those of tensorflow/core/framework and core/protobuf, which TensorFlow keeps for ever.
 */
import protobuf from 'protobufjs';

const root = protobuf.Root.fromJSON({
  nested: {
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    TensorShape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    Tensor: {
      fields: { dtype: { type: 'int32', id: 1 }, tensorShape: { type: 'TensorShape', id: 2 }, tensorContent: { type: 'bytes', id: 4 } },
    },
    ListValue: {
      fields: {
        s: { rule: 'repeated', type: 'bytes', id: 2 },
        i: { rule: 'repeated', type: 'int64', id: 3 },
        f: { rule: 'repeated', type: 'float', id: 4 },
        b: { rule: 'repeated', type: 'bool', id: 5 },
        type: { rule: 'repeated', type: 'int32', id: 6 },
      },
    },
    AttrValue: {
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: { type: 'ListValue', id: 1 },
        s: { type: 'bytes', id: 2 },
        i: { type: 'int64', id: 3 },
        f: { type: 'float', id: 4 },
        b: { type: 'bool', id: 5 },
        type: { type: 'int32', id: 6 },
        shape: { type: 'TensorShape', id: 7 },
        tensor: { type: 'Tensor', id: 8 },
      },
    },
    Node: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { rule: 'repeated', type: 'string', id: 3 },
        attr: { keyType: 'string', type: 'AttrValue', id: 5 } as protobuf.IMapField,
      },
    },
    Versions: { fields: { producer: { type: 'int32', id: 1 } } },
    Graph: { fields: { node: { rule: 'repeated', type: 'Node', id: 1 }, versions: { type: 'Versions', id: 4 } } },
    MetaInfo: { fields: { tags: { rule: 'repeated', type: 'string', id: 4 } } },
    MetaGraph: { fields: { metaInfoDef: { type: 'MetaInfo', id: 1 }, graphDef: { type: 'Graph', id: 2 } } },
    SavedModel: {
      fields: { savedModelSchemaVersion: { type: 'int64', id: 1 }, metaGraphs: { rule: 'repeated', type: 'MetaGraph', id: 2 } },
    },
  },
});
const SavedModel = root.lookupType('SavedModel');

/** Oldest producer whose meaning of the ops used here is today's. */
const GRAPH_PRODUCER = 1882;
export const SAVED_MODEL_TAG = 'serve';

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `node:output` each. */
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, object>>;
}

export function shapeAttr(shape: readonly number[]): { dim: { size: number }[] } {
  return { dim: shape.map((size) => ({ size })) };
}

/** The bytes of `saved_model.pb`: one graph without variables. */
export function encodeSavedModel(nodes: readonly GraphNode[]): Uint8Array {
  const graphDef = { node: nodes, versions: { producer: GRAPH_PRODUCER } };
  return SavedModel.encode({ savedModelSchemaVersion: 1, metaGraphs: [{ metaInfoDef: { tags: [SAVED_MODEL_TAG] }, graphDef }] }).finish();
}
