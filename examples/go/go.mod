module portloop

go 1.19
