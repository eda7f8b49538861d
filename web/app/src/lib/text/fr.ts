import type { Texts } from './en';

export const fr: Texts = {
  app: { name: 'Bulle', tagline: 'Des messages que seuls leurs destinataires peuvent lire.' },
  action: {
    add: 'Ajouter',
    attach: 'Joindre un fichier',
    back: 'Retour',
    cancel: 'Annuler',
    close: 'Fermer',
    continue: 'Continuer',
    copy: 'Copier',
    copied: 'Copié',
    create: 'Créer',
    download: 'Enregistrer',
    leave: 'Quitter',
    lock: 'Verrouiller',
    more: 'Plus',
    remove: 'Retirer',
    rename: 'Renommer',
    retry: 'Réessayer',
    save: 'Enregistrer',
    search: 'Rechercher',
    send: 'Envoyer',
    show: 'Montrer',
    hide: 'Cacher'
  },
  welcome: {
    title: 'Rejoindre une bulle',
    link: "Lien d'invitation ou de fondation",
    linkHint:
      "Collez le lien qui vous a été remis. Il porte les clés de la bulle : personne d'autre ne doit l'avoir.",
    linkBad: "Ce n'est pas un lien de Bulle. Redemandez-le et copiez-le en entier.",
    invitation: (address) => `Une invitation dans la bulle ${address}.`,
    device: (address) => `Ce lien ajoute cet appareil à votre compte sur ${address}.`,
    deviceName: 'Nom de cet appareil',
    deviceNameHint: "Seuls vos propres appareils l'affichent.",
    linkDevice: 'Lier cet appareil',
    account: "J'ai déjà un compte",
    accountHint:
      'Sur votre autre appareil, ouvrez les réglages, choisissez « Lier un appareil », et ouvrez ce lien ici, ou collez-le ci-dessus.',
    compare: 'Votre autre appareil doit afficher ces chiffres. Confirmez-les là-bas :',
    claim: (address) => `Un relais neuf, ${address} : vous en serez la fondatrice ou le fondateur.`,
    name: 'Votre nom ici',
    nameHint: 'Un pseudonyme. Ni numéro de téléphone, ni adresse e-mail.',
    passphrase: 'Phrase secrète',
    passphraseHint:
      'Quelques mots connus de vous seulement. Ils scellent vos messages sur cet appareil. Personne ne peut les retrouver pour vous : notez-les et gardez-les en lieu sûr.',
    foundTitle: 'Fonder une bulle',
    change: 'Changer',
    madeHint: 'Ces mots sont désormais les vôtres. Notez-les sur papier avant de continuer.',
    generate: 'En créer une solide',
    repeat: 'La phrase secrète, encore',
    repeatBad: 'Les deux phrases ne sont pas identiques.',
    keep: 'Garder mes messages sur cet appareil, scellés',
    keepHint: "Sinon tout vit en mémoire et disparaît à la fermeture de l'onglet.",
    join: 'Rejoindre',
    found: 'Fonder la bulle',
    working: 'Création de vos clés…'
  },
  strength: {
    weak: (bits, floor) => `Trop faible : environ ${bits} bits, il en faut au moins ${floor}.`,
    fair: (bits) => `Environ ${bits} bits : bien.`,
    strong: (bits) => `Environ ${bits} bits : très solide.`
  },
  unlock: {
    title: 'Bon retour',
    open: 'Déverrouiller',
    working: 'Ouverture…',
    other: 'Tout oublier ici',
    hint: 'Vos messages sont scellés sur cet appareil.',
    forgot: 'Phrase secrète oubliée ?',
    forgotHint:
      'Personne ne peut la retrouver, pas même le relais : vos messages sont scellés avec elle. Prenez votre temps, elle vous reviendra peut-être.',
    forgetHint:
      "Vous pouvez effacer ce qui est scellé sur cet appareil et revenir avec une nouvelle invitation. Les messages qui s'y trouvent sont alors perdus."
  },
  start: {
    starting: 'Démarrage…',
    failed: 'Bulle ne peut pas démarrer ici',
    reload: 'Recharger la page'
  },
  list: {
    title: 'Conversations',
    search: 'Rechercher personnes et messages',
    empty: "Personne n'a encore écrit.",
    emptyHint: 'Choisissez une personne, ou créez un groupe.',
    noMatch: 'Rien trouvé.',
    people: 'Personnes',
    messages: 'Messages',
    newGroup: 'Nouveau groupe',
    invite: "Inviter quelqu'un",
    settings: 'Réglages',
    unread: (n) => (n < 2 ? `${n} message non lu` : `${n} messages non lus`)
  },
  chat: {
    pick: 'Choisissez une conversation',
    pickHint: "Ou écrivez à quelqu'un depuis la liste.",
    write: (name) => `Écrire à ${name}`,
    empty: 'Aucun message. Ce que vous écrivez ici, seuls ses membres peuvent le lire.',
    today: "Aujourd'hui",
    yesterday: 'Hier',
    you: 'Vous',
    inactive: "Vous n'êtes plus dans ce groupe. Ce qui a été dit reste lisible.",
    unsent: "Ce que vous écriviez n'a pas été envoyé :",
    details: 'Détails',
    members: (n) => (n < 2 ? `${n} membre` : `${n} membres`),
    latest: 'Derniers messages',
    news: (n: number) => (n === 1 ? '1 nouveau message' : `${n} nouveaux messages`),
    unread: 'Nouveau',
    above: (n: number) => (n === 1 ? '1 nouveau plus haut' : `${n} nouveaux plus haut`),
    drop: 'Déposez des fichiers pour les envoyer',
    tooLong: "C'est trop long : raccourcissez, ou envoyez-le comme fichier."
  },
  file: {
    tray: 'Fichiers à envoyer',
    caption: 'Écrire quelque chose avec',
    clean: 'Retirer des images le lieu, la date et l’appareil',
    discard: 'Abandonner',
    view: (name: string) => `Ouvrir ${name}`,
    coming: 'Téléchargement…',
    none: 'Ceci ne peut pas être montré ici. Enregistrez-le pour l’ouvrir.',
    zoom: 'Taille réelle',
    earlier: 'Image précédente',
    later: 'Image suivante',
    pause: 'Suspendre',
    resume: 'Continuer',
    cancel: 'Renoncer',
    paused: 'suspendu',
    waiting: 'en attente',
    rate: (size: string) => `${size}/s`,
    again: 'Choisir à nouveau le fichier',
    play: 'Écouter',
    seek: 'Position',
    speed: (speed: string) => `Vitesse ${speed}`,
    voice: (time: string) => `Message vocal, ${time}`,
    record: 'Enregistrer un message vocal',
    recording: 'Message vocal',
    asking: 'En attente du micro…',
    pauseRecording: 'Suspendre l’enregistrement',
    resumeRecording: 'Reprendre l’enregistrement',
    finish: 'Arrêter et écouter',
    sendVoice: 'Envoyer le message vocal',
    noMicrophone: 'Le micro ne peut pas être utilisé. Autorisez-le dans le navigateur et réessayez.',
    photoLine: 'Photo',
    filmLine: 'Vidéo'
  },
  state: {
    queued: 'En attente du relais',
    relayed: 'Sur le relais',
    delivered: 'Remis',
    read: 'Lu',
    failed: 'Non envoyé'
  },
  reason: {
    '': '',
    file: 'Le fichier a disparu ou changé.',
    removed: "Vous n'êtes plus dans cette conversation.",
    'too-large': "C'est trop volumineux.",
    cancelled: 'Vous y avez renoncé.'
  },
  change: {
    created: (who, name) => `${who} a créé ${name}`,
    added: (who, names) => `${who} a ajouté ${names}`,
    removed: (who, names) => `${who} a retiré ${names}`,
    left: (who) => `${who} est parti`,
    renamed: (who, name) => `${who} a nommé le groupe ${name}`,
    promoted: (who: string, names: string) => `${who} : ${names} administre maintenant le groupe`,
    demoted: (who: string, names: string) => `${who} : ${names} n'administre plus le groupe`,
    opened: "Il n'y a plus d'administrateur : chacun peut changer le groupe.",
    lost: 'Des messages avaient quitté le relais avant que cet appareil ne les lise.',
    timer: (who, time) => `${who} : les messages disparaîtront ${time} après leur lecture`,
    timerOff: (who) => `${who} : les messages ne disparaissent plus`,
    device: (who) => `${who} a un nouvel appareil`,
    deviceGone: (who) => `${who} a retiré un appareil`
  },
  duration: {
    second: (n) => (n === 1 ? '1 seconde' : `${n} secondes`),
    minute: (n) => (n === 1 ? '1 minute' : `${n} minutes`),
    hour: (n) => (n === 1 ? '1 heure' : `${n} heures`),
    day: (n) => (n === 1 ? '1 jour' : `${n} jours`),
    week: (n) => (n === 1 ? '1 semaine' : `${n} semaines`)
  },
  link: {
    stopped: 'Non connecté',
    connecting: 'Connexion…',
    online: 'Connecté',
    offline: 'Le relais est injoignable. Ce que vous envoyez attend ici.'
  },
  group: {
    title: 'Nouveau groupe',
    name: 'Nom du groupe',
    members: 'Membres',
    add: 'Ajouter des membres',
    leaveTitle: 'Quitter ce groupe ?',
    leaveHint: 'Vous gardez ce qui a été dit. Vous ne recevez rien de ce qui sera dit.',
    removeTitle: (name) => `Retirer ${name}\u202f?`,
    removeHint: "Cette personne garde ce qu'elle a lu. Elle ne reçoit rien de ce qui sera dit."
  },
  contact: {
    verify: 'Numéro de sécurité',
    verifyHint: (name) =>
      `Comparez ces chiffres avec ${name} par un autre moyen, un appel ou de vive voix. S'ils sont identiques, personne ne se tient entre vous.`,
    verified: 'Vérifié',
    unverified: 'Non vérifié',
    mark: 'Ils sont identiques',
    unmark: "N'est plus vérifié",
    write: 'Écrire'
  },
  scan: {
    invitation: 'Scanner une invitation',
    number: 'Scanner son code',
    aim: "Placez le code devant l'appareil photo.",
    none: "Aucun appareil photo n'a été trouvé. Choisissez ou collez une image du code.",
    refused:
      "L'appareil photo n'est pas autorisé. Autorisez-le dans le navigateur, ou choisissez ou collez une image du code.",
    picture: 'Choisir une image',
    empty: "Il n'y a pas de code dans cette image.",
    wrong: "C'est une autre sorte de code.",
    code: "Code pour l'appareil photo de l'autre"
  },
  invite: {
    title: "Inviter quelqu'un",
    uses: 'Combien de personnes peuvent servir',
    hours: 'Valable',
    day: 'un jour',
    week: 'une semaine',
    month: 'un mois',
    make: 'Créer un lien',
    hint: 'Qui tient le lien peut entrer. Remettez-le en personne ou par un moyen sûr.'
  },
  settings: {
    title: 'Réglages',
    you: 'Vous',
    look: 'Apparence',
    language: 'Langue',
    theme: 'Thème',
    system: 'Comme le système',
    light: 'Clair',
    dark: 'Sombre',
    contrast: 'Contraste élevé',
    privacy: 'Vie privée',
    receipts: 'Dire aux autres quand je lis',
    passphrase: 'Changer la phrase secrète',
    old: 'Phrase actuelle',
    new: 'Nouvelle phrase',
    changed: 'La phrase secrète est changée.',
    bubble: 'Bulle',
    relay: 'Relais',
    fingerprint: 'Empreinte du relais'
  },
  devices: {
    title: 'Vos appareils',
    self: 'celui-ci',
    unnamed: 'Un appareil',
    name: "Nom de l'appareil",
    since: (day: string) => `depuis le ${day}`,
    history: (done: number, total: number) => `conversations en route : ${done} sur ${total}`,
    rename: (name: string) => `Renommer ${name}`,
    remove: (name: string) => `Retirer ${name}`,
    removeHint:
      "Il est coupé aussitôt, quitte toutes les conversations, et efface son contenu dès qu'il l'apprend.",
    removeNow: 'Le retirer',
    link: 'Lier un appareil',
    linkHint:
      'Ouvrez ce lien sur votre autre appareil : dans un navigateur, ou avec bulle link. Il dure dix minutes ; ne le montrez à personne.',
    waiting: 'En attente de votre autre appareil…',
    asks: (name: string) => `${name} demande à devenir votre appareil. Son écran doit afficher :`,
    code: 'Chiffres à comparer',
    compare:
      "Si les chiffres diffèrent, ou qu'aucun appareil devant vous ne les affiche, quelqu'un d'autre essaie d'entrer.",
    same: 'Ils sont identiques',
    different: 'Ils diffèrent',
    done: "Lié. Vos conversations sont en route : laissez Bulle ouvert ici jusqu'à leur arrivée.",
    coming: (done: number, total: number) =>
      `Vos conversations sont en route : ${done} messages sur ${total}`,
    skip: 'Continuer sans le reste',
    on: 'sur'
  },
  keeping: {
    title: 'Cet appareil',
    kept: "Le navigateur garde ce qui est scellé ici jusqu'à ce que vous l'effaciez.",
    refused:
      "Le navigateur peut effacer ce qui est scellé ici quand son disque se remplit. Installer Bulle comme application l'évite d'ordinaire ; un second appareil est la copie la plus sûre.",
    unknown: "Le navigateur n'a pas encore dit s'il garde ce qui est scellé ici.",
    memory: "Rien n'est gardé ici : tout part avec cet onglet."
  },
  release: {
    refused:
      "Le relais propose une application qui n'est pas celle que ses auteurs ont signée. Elle a été refusée et l'ancienne reste ; prévenez votre administrateur.",
    new: "Une version plus récente de Bulle est là. Rechargez la page pour l'utiliser."
  },
  mask: {
    title: "Masquer l'écran",
    hint: "Noms et messages s'affichent chiffrés. Un cadenas ou un appui en montre un, un court instant.",
    seconds: 'Montrer pendant combien de secondes',
    message: 'Message masqué, appuyez sur Entrée pour le montrer',
    notice: 'Avis masqué',
    conversation: 'Conversation masquée',
    name: 'Nom masqué',
    write: 'Écrire à cette conversation',
    open: 'Montrer cette conversation',
    people: 'Montrer les noms',
    close: 'Masquer à nouveau',
    left: (seconds) => (seconds < 2 ? `encore ${seconds} seconde` : `encore ${seconds} secondes`)
  },
  warning: {
    fork: 'Le relais montre deux histoires différentes de cette bulle. Ne lui faites pas confiance ; prévenez votre administrateur.',
    rollback: 'Cet appareil a été restauré depuis une copie ancienne. Ses clés ont été renouvelées.',
    truncated: 'Des messages ont expiré sur le relais avant que cet appareil ne les lise.',
    credential: 'Un appareil inconnu de la bulle a voulu entrer dans une conversation. Il a été refusé.',
    lost: 'Un groupe a continué pendant une trop longue absence de cet appareil. Demandez à un membre de vous rajouter.',
    'not-admin': "Un changement de groupe a été abandonné : vous n'en êtes plus l'administrateur."
  },
  error: {
    'bad-link': "Ce lien n'est pas utilisable. Redemandez-le et copiez-le en entier.",
    'link-expired': "L'invitation a expiré. Demandez-en une autre.",
    'link-used': "L'invitation a déjà servi. Demandez-en une autre.",
    claimed: 'Ce relais a déjà été fondé. Demandez une invitation à qui le tient.',
    'name-taken': 'Ce nom est déjà pris ici. Choisissez-en un autre.',
    'bad-name': 'Un nom a 1 à 64 octets, sans caractère de contrôle.',
    pin: "Le relais montre une autre clé que celle promise par le lien. Quelqu'un est peut-être au milieu : n'allez pas plus loin.",
    unreachable: 'Le relais est injoignable. Vérifiez le réseau et réessayez.',
    refused: 'Le relais a refusé cet appareil.',
    passphrase: "Ce n'est pas la phrase secrète de ce coffre.",
    'weak-passphrase': 'Cette phrase secrète est trop faible.',
    'in-use': "Bulle est ouverte dans un autre onglet. Fermez-le d'abord.",
    damaged: "Le coffre est endommagé. Rien n'a été modifié.",
    full: "Il n'y a plus de place sur cet appareil. Rien n'est perdu.",
    locked: 'Bulle est verrouillée.',
    'too-large': "C'est trop volumineux pour être envoyé.",
    'not-allowed': 'Seul le fondateur peut faire cela.',
    'not-member': "Vous n'êtes plus dans cette conversation.",
    'not-on-its-way': "Ce fichier n'est plus en route.",
    'other-file': "Ce n'est pas le fichier qui était en cours d'envoi.",
    cancelled: 'Vous y avez renoncé.',
    'not-admin': 'Seul un administrateur du groupe peut le faire.',
    inside: 'Ils sont déjà dans le groupe.',
    'not-inside': 'Ils ne sont pas dans le groupe.',
    'not-cleaned':
      'Le lieu ou la date n’a pas pu être retiré d’une image. Rien n’en a été envoyé : décochez la case pour l’envoyer telle quelle.',
    'file-gone': "Le fichier n'est plus sur le relais.",
    'file-damaged': "Le fichier est endommagé et n'a pas été gardé.",
    'no-wasm':
      'Ce navigateur a désactivé WebAssembly, qui sert à déchiffrer. Un mode strict ou de verrouillage peut en être la cause : autorisez-le pour cette page, ou prenez un autre navigateur.',
    'no-workers': 'Ce navigateur est trop ancien pour Bulle. Prenez-en un plus récent.',
    'no-storage':
      "Ce navigateur n'autorise pas les pages à garder quoi que ce soit, or il le faut ne serait-ce que pour chercher un coffre. Autorisez-le pour cette page, ou quittez la fenêtre privée.",
    'not-secure':
      "Cette page n'a pas été ouverte en https : le navigateur lui refuse de quoi chiffrer. Ouvrez-la en https.",
    'core-failed': "Le cœur n'a pas pu démarrer. Rechargez la page.",
    'core-ended': "Le cœur s'est arrêté. Rechargez la page.",
    masked: 'Ceci est masqué. Appuyez sur le cadenas pour le montrer.',
    removed:
      'Cet appareil a été retiré de votre compte, et son contenu a été effacé. Supprimez son coffre et liez-le à nouveau.',
    'no-device': "Vous n'avez pas d'autre appareil de ce genre.",
    'link-over': "Ce lien n'est plus valable. Créez-en un autre sur votre autre appareil.",
    'link-raced':
      "Un autre appareil a utilisé ce lien. Rien n'a été transmis : créez un autre lien à l'abri des regards.",
    'link-cancelled': "L'autre appareil a refusé.",
    other: "Cela n'a pas marché. Réessayez."
  }
};
