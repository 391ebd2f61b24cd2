// Original file: /work/main/proto/tardigrad/v1/parameter_server.proto


export interface FinishOrder {
}

export interface FinishOrder__Output {
}
