package wire

import "time"

// Limits of the protocol. What is above one of them is refused with [TooLarge]
// (bytes) or [TooMany] (counts), and the connection ends, unless the line says
// otherwise. Relays may set lower quotas of storage, never lower limits.
const (
	// CellSize is the size of a cell in bytes, the only size there is.
	CellSize = 4096
	// MaxCells is how many cells one APPEND may hold.
	MaxCells = 16
	// MaxFrame is the largest frame in bytes, both ways.
	MaxFrame = 320 << 10
	// MaxMessages is how many messages a frame may hold.
	MaxMessages = 256
	// MaxProof is the largest proof of OPEN and RENEW in bytes.
	MaxProof = 4096
	// MaxInFlight is how many requests of a circuit may wait for their reply.
	MaxInFlight = 256
	// MaxSubscriptions is how many subscriptions a circuit may hold.
	MaxSubscriptions = 2048
	// MaxCredit is how many cells a subscription may have in credit.
	MaxCredit = 4096
	// MaxItem is the largest item of a pool in bytes.
	MaxItem = 8 << 10
	// MaxPoolItems is how many items a pool holds besides its last resort; one
	// more is refused with OverQuota and the connection goes on.
	MaxPoolItems = 128
	// MaxBlob is the largest blob in bytes: a chunk of 256 KiB, its salt and its tag.
	MaxBlob = 256<<10 + 64
	// MaxStatement is the largest governance statement in bytes.
	MaxStatement = 16 << 10
	// MaxSubmit is how many statements a SUBMIT may hold.
	MaxSubmit = 8
	// MaxFetch is how many statements a FETCH may ask for; the reply holds as
	// many of them as fit in MaxStatements, at least one if there is one.
	MaxFetch = 256
	// MaxStatements is the size in bytes up to which a reply to FETCH is filled.
	MaxStatements = 128 << 10
)

// Times of the protocol.
const (
	// OpenTime is how long a connection may take from its first byte to its OPEN.
	OpenTime = 10 * time.Second
	// PingInterval is how often a client that has nothing to say sends PING.
	PingInterval = 30 * time.Second
	// MaxSilence is after how long without a frame from the client the relay ends
	// a connection.
	MaxSilence = 90 * time.Second
	// WriteTime is how long the other side may take to accept one frame.
	WriteTime = 20 * time.Second
)
