// Original file: proto/tardigrad/v1/parameter_server.proto


export interface FinishOrder {
}

export interface FinishOrder__Output {
}
