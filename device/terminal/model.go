package terminal

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
	"bulle/device/terminal/lang"
)

// model is the whole screen. Only Update and what it calls change it.
type model struct {
	ctx  context.Context //nolint:containedctx // a tea.Model has no other way to hand its commands the screen's lifetime
	cfg  Config
	lang lang.Lang
	work *crew

	theme  theme
	ascii  bool
	width  int
	height int
	away   bool // the terminal said that it lost the focus

	status  client.Status
	self    client.Contact
	bubble  client.Bubble
	events  <-chan client.Event
	list    list
	room    *room // the open conversation, or nil
	inRoom  bool  // the keys go to the room, not to the list
	panel   panel // over the right side, or nil; takes the keys first
	drafts  map[client.ConversationID]editor
	notice  notice
	leaving bool           // the person was asked whether to quit
	warning client.Warning // stays until the person acknowledges it
	warned  bool
	removed bool // this device was removed: the program ends

	transfers map[client.MessageID]client.Progress
}

// notice is one line about what just happened. The next key takes it away.
type notice struct {
	text string
	bad  bool
}

// apply is the message by which a command brings back its result: it runs inside Update.
type apply func(m *model) tea.Cmd

func newModel(ctx context.Context, cfg Config) *model {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Word == nil {
		cfg.Word = error.Error
	}
	if cfg.Saves == "" {
		cfg.Saves = "."
	}
	m := &model{
		ctx: ctx, cfg: cfg, lang: cfg.Lang, work: &crew{},
		ascii: asciiOnly(cfg.Environ), width: 80, height: 24,
		self: cfg.Client.Self(), bubble: cfg.Client.Bubble(), status: cfg.Client.Status(),
		drafts:    map[client.ConversationID]editor{},
		transfers: map[client.MessageID]client.Progress{},
	}
	m.theme = newTheme(true, m.ascii)
	m.events = cfg.Client.Events(ctx)
	return m
}

// Init implements [tea.Model].
func (m *model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.loadList(), m.nextEvents())
}

// Update implements [tea.Model].
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case apply:
		return m, msg(m)
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.PasteMsg:
		return m, m.paste(msg.Content)
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.theme = newTheme(msg.IsDark(), m.ascii)
		if m.room != nil {
			m.room.drawn = nil
		}
	case tea.BlurMsg:
		m.away = true
	case tea.FocusMsg:
		m.away = false
		return m, m.markRead()
	}
	return m, nil
}

// task makes a command of f, which may block; what f returns then runs in Update.
func (m *model) task(f func(ctx context.Context) apply) tea.Cmd {
	return func() tea.Msg {
		if !m.work.enter() {
			return nil
		}
		defer m.work.leave()
		if then := f(m.ctx); then != nil {
			return then
		}
		return nil
	}
}

// attempt is task for what only succeeds or fails; then may be nil.
func (m *model) attempt(f func(ctx context.Context) error, then apply) tea.Cmd {
	return m.task(func(ctx context.Context) apply {
		err := f(ctx)
		return func(m *model) tea.Cmd {
			if err != nil {
				m.fail(err)
				return nil
			}
			if then == nil {
				return nil
			}
			return then(m)
		}
	})
}

// fail shows err in words, unless it only says that the screen is closing.
func (m *model) fail(err error) {
	if err != nil && m.ctx.Err() == nil {
		m.notice = notice{text: m.cfg.Word(err), bad: true}
	}
}

func (m *model) tell(en, fr string, args ...any) {
	m.notice = notice{text: m.lang.Say(en, fr, args...)}
}

// crew counts the commands at work, so that Run leaves none behind.
type crew struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

func (c *crew) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.group.Add(1)
	return true
}

func (c *crew) leave() { c.group.Done() }

// Wait lets no further command begin and waits for those at work.
func (c *crew) Wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.group.Wait()
}
