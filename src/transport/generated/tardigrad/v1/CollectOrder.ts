// Original file: /work/main/proto/tardigrad/v1/parameter_server.proto


export interface CollectOrder {
}

export interface CollectOrder__Output {
}
