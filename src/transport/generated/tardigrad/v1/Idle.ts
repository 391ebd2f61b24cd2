// Original file: proto/tardigrad/v1/parameter_server.proto


export interface Idle {
}

export interface Idle__Output {
}
