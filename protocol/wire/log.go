//go:build !js

package wire

import "log/slog"

// LogValue keeps the cap out of logs. A browser keeps none.
func (Cap) LogValue() slog.Value { return slog.StringValue("[cap]") }
