// Original file: proto/tardigrad/v1/parameter_server.proto


export interface CollectOrder {
}

export interface CollectOrder__Output {
}
