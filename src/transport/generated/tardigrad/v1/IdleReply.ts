// Original file: proto/tardigrad/v1/parameter_server.proto


export interface IdleReply {
}

export interface IdleReply__Output {
}
