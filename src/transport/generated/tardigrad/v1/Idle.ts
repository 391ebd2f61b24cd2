// Original file: /work/main/proto/tardigrad/v1/parameter_server.proto


export interface Idle {
}

export interface Idle__Output {
}
