//go:build race || js

package delivery

// manyCells is smaller where deriving takes ten times as long.
const manyCells = 100_000
