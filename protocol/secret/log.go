//go:build !js

package secret

import "log/slog"

// LogValue keeps the secret out of logs. A browser keeps none, and package slog
// with what it needs would be a tenth of what it loads.
func (*Bytes) LogValue() slog.Value { return slog.StringValue("[secret]") }
