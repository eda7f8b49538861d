package attachment

import (
	"crypto/sha256"
	"testing"
)

// BenchmarkChunk compares the sealer of the platform with Go's own, and shows what the
// hash of a file costs beside it.
func BenchmarkChunk(b *testing.B) {
	chunk := make([]byte, ChunkSize)
	run := func(name string, s Sealer) {
		sealed, err := s.Seal(nil, 0, chunk)
		if err != nil {
			b.Fatal(err)
		}
		into := make([]byte, 0, sealedSize)
		b.Run(name+"/seal", func(b *testing.B) {
			b.SetBytes(ChunkSize)
			for b.Loop() {
				if _, err := s.Seal(into, 0, chunk); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/open", func(b *testing.B) {
			b.SetBytes(ChunkSize)
			for b.Loop() {
				if _, err := s.Open(into, 0, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("platform", NewSealer(goldenKey()))
	run("go", newGCM(goldenKey()))
	b.Run("sha256", func(b *testing.B) {
		b.SetBytes(ChunkSize)
		for b.Loop() {
			sha256.Sum256(chunk)
		}
	})
}
