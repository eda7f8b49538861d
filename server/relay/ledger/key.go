package ledger

import (
	"encoding/binary"

	"bulle/protocol/wire"
	"bulle/server/relay"
)

// A table is the first byte of a key. docs/metadata.md lists every table.
type table byte

// The tables, with the rest of their keys. Integers are big-endian, so that keys
// are in the order of the numbers.
const (
	tableCells    table = 'c' // class, bucket, channel, sequence number of the first cell -> cells of one APPEND
	tableChannels table = 'r' // channel -> channelRecord
	tablePools    table = 'p' // pool -> poolRecord
	tableItems    table = 'i' // pool, number of the item -> item
	tableBlobs    table = 'b' // class, bucket, blob -> data
	tableIndex    table = 'x' // blob -> blobRecord
	tableUsage    table = 'u' // table, class, bucket, category -> usageRecord
	tableMeta     table = 'm' // nothing -> metaRecord
)

func (t table) key(id wire.ID) []byte { return append([]byte{byte(t)}, id[:]...) }

// bounds returns the range of all keys of a table.
func (t table) bounds() (from, to []byte) { return []byte{byte(t)}, []byte{byte(t) + 1} }

// bucketKey is the start of all keys of a bucket of cells or blobs.
func (t table) bucketKey(c wire.Class, b bucket) []byte {
	return binary.BigEndian.AppendUint32([]byte{byte(t), byte(c)}, uint32(b))
}

// bucketBounds returns the range of all keys of a bucket.
func (t table) bucketBounds(c wire.Class, b bucket) (from, to []byte) {
	return t.bucketKey(c, b), t.bucketKey(c, b+1)
}

func cellsKey(c wire.Class, b bucket, channel wire.ID, seq uint64) []byte {
	key := make([]byte, 0, 1+1+4+32+8)
	key = append(key, byte(tableCells), byte(c))
	key = binary.BigEndian.AppendUint32(key, uint32(b))
	key = append(key, channel[:]...)
	return binary.BigEndian.AppendUint64(key, seq)
}

// seqOf returns the last eight bytes of a key of cells or items.
func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

func blobKey(c wire.Class, b bucket, id wire.ID) []byte {
	return append(tableBlobs.bucketKey(c, b), id[:]...)
}

func itemKey(pool wire.ID, n uint64) []byte {
	return binary.BigEndian.AppendUint64(tableItems.key(pool), n)
}

// A usageKey names one counter of stored bytes.
type usageKey struct {
	table    table
	class    wire.Class // 0 for tables without buckets
	bucket   bucket
	category relay.Category
}

const usageKeySize = 1 + 1 + 1 + 4 + 16

func (k usageKey) bytes() []byte {
	key := append([]byte{byte(tableUsage)}, k.table.bucketKey(k.class, k.bucket)...)
	return append(key, k.category[:]...)
}

func parseUsageKey(key []byte) (usageKey, bool) {
	if len(key) != usageKeySize {
		return usageKey{}, false
	}
	return usageKey{
		table:    table(key[1]),
		class:    wire.Class(key[2]),
		bucket:   bucket(binary.BigEndian.Uint32(key[3:])),
		category: relay.Category(key[7:]),
	}, true
}
