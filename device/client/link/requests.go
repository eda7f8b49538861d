package link

import "context"

// Subscribe implements [Session].
func (l *Link) Subscribe(ctx context.Context, ch ID, read Cap, from uint64) (Subscription, error) {
	c, err := l.read.get()
	if err != nil {
		return nil, err
	}
	return c.Subscribe(ctx, ch, read, from)
}

// Take implements [Session].
func (l *Link) Take(ctx context.Context, pool ID, take Cap) ([]byte, error) {
	c, err := l.read.get()
	if err != nil {
		return nil, err
	}
	return c.Take(ctx, pool, take)
}

// Create implements [Session].
func (l *Link) Create(ctx context.Context, ch Channel) error {
	c, err := l.write.get()
	if err != nil {
		return err
	}
	return c.Create(ctx, ch)
}

// Append implements [Session].
func (l *Link) Append(ctx context.Context, ch ID, write Cap, cells [][]byte) (uint64, error) {
	c, err := l.write.get()
	if err != nil {
		return 0, err
	}
	return c.Append(ctx, ch, write, cells)
}

// Seal implements [Session].
func (l *Link) Seal(ctx context.Context, ch ID, write, control Cap, cells [][]byte) (uint64, error) {
	c, err := l.write.get()
	if err != nil {
		return 0, err
	}
	return c.Seal(ctx, ch, write, control, cells)
}

// Truncate implements [Session].
func (l *Link) Truncate(ctx context.Context, ch ID, control Cap, upTo uint64) error {
	c, err := l.write.get()
	if err != nil {
		return err
	}
	return c.Truncate(ctx, ch, control, upTo)
}

// CreatePool implements [Session].
func (l *Link) CreatePool(ctx context.Context, p Pool) error {
	c, err := l.write.get()
	if err != nil {
		return err
	}
	return c.CreatePool(ctx, p)
}

// Put implements [Session].
func (l *Link) Put(ctx context.Context, pool ID, put Cap, item []byte, lastResort bool) (int, error) {
	c, err := l.write.get()
	if err != nil {
		return 0, err
	}
	return c.Put(ctx, pool, put, item, lastResort)
}

// PutBlob implements [Session]. Without a circuit for files it waits for the next
// attempt to open one.
func (l *Link) PutBlob(ctx context.Context, b Blob) error {
	c, err := l.files(ctx)
	if err != nil {
		return err
	}
	return c.PutBlob(ctx, b)
}

// GetBlob implements [Session]; it waits as PutBlob does.
func (l *Link) GetBlob(ctx context.Context, id ID, read Cap) ([]byte, error) {
	c, err := l.files(ctx)
	if err != nil {
		return nil, err
	}
	return c.GetBlob(ctx, id, read)
}

// DeleteBlob implements [Session]; it waits as PutBlob does.
func (l *Link) DeleteBlob(ctx context.Context, id ID, del Cap) error {
	c, err := l.files(ctx)
	if err != nil {
		return err
	}
	return c.DeleteBlob(ctx, id, del)
}

// files returns the circuit for files, which is opened at its first use.
func (l *Link) files(ctx context.Context) (*Circuit, error) {
	l.useBulk.Do(func() { l.start(l.bulk) })
	return l.bulk.await(ctx)
}
