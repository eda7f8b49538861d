package governance

// Limits of the log. All that an outsider chooses has one.
const (
	// MaxStatement is the largest encoded statement, in bytes. A join with two
	// hybrid signatures and the largest card takes about 13,000.
	MaxStatement = 16 << 10
	// MaxCard is the largest sealed card of a member or device, in bytes.
	MaxCard = 4 << 10
	// MaxCategoryItem is the largest sealed description of a category, in bytes.
	MaxCategoryItem = 1 << 10
	// MaxUses is the largest number of members that one invitation admits.
	MaxUses = 10_000
)

// limits are the bounds of one log's state. Tests lower them.
type limits struct {
	statements  uint64
	categories  int
	invitations int
	members     int
	devices     int // of one member, at a time
	everDevices int // and with those that were removed
}

func defaultLimits() limits {
	return limits{statements: 1 << 20, categories: 256, invitations: 1 << 16, members: 1 << 16, devices: 16, everDevices: 1024}
}
