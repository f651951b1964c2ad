"""Folders as people bring them, beyond the usual ones; see tests/trees.py."""

from tests.trees import BOTH, Case, two

# further ones of each kind
FURTHER = (
    Case(
        "capitals, and deeper",
        two("Intel/Seg_Train/seg_train/", 6) | two("Intel/Seg_Test/seg_test/", 3),
        BOTH,
        (12, 0, 6),
        ["'Intel'"],
    ),
    Case(
        "images inside splits",
        two("train/images/", 6) | two("val/images/", 3) | {"test/images/*.png": 4},
        BOTH,
        (12, 6, 0),
        ["4 images left out, without class folders in 'test/images'"],
    ),
    Case(
        "years",
        two("train2017/", 6) | two("val2017/", 3) | {"unlabeled2017/*.png": 5},
        BOTH,
        (12, 6, 0),
        ["5 images left out"],
    ),
    Case(
        "glued words",
        two("TrainSet/", 6) | two("TestSet/", 3) | two("devset/", 2),
        BOTH,
        (12, 4, 6),
    ),
    Case("spaces", two("Training Data/", 6) | two("Validation Data/", 3), BOTH, (12, 6, 0)),
    Case(
        "hyphens",
        two("train-images/", 6) | two("test-images/", 3) | {"Un-labelled/*.png": 3},
        BOTH,
        (12, 0, 6),
        ["3 images left out"],
    ),
    Case("eval", two("TRAIN/", 6) | two("EVAL/", 3), BOTH, (12, 6, 0), ["'EVAL' (validation)"]),
    Case(
        "two of one split",
        two("train_1/", 6) | two("train_2/", 4) | two("test/", 3),
        BOTH,
        (20, 0, 6),
        ["'train_2' (train)"],
    ),
    Case(
        "a class Train inside splits",
        two("train/", 6, names=("bus", "Train")) | two("test/", 3, names=("bus", "Train")),
        ("Train", "bus"),
        (12, 0, 6),
        ["'Train' is a class here"],
    ),
    Case("only training", two("train/", 6), BOTH, (12, 0, 0)),
    Case(
        "unlabeled beside classes",
        two("", 6) | {"unlabeled/*.png": 5},
        BOTH,
        (12, 0, 0),
        ["5 images left out, not for training by their names"],
    ),
    Case(
        "splits inside classes",
        two("disc/", 6, names=("train",))
        | two("disc/", 2, names=("test",))
        | {
            "square/train/*.png": 6,
            "square/test/*.png": 3,
        },
        BOTH,
        (12, 0, 5),
        ["the splits lie inside the class folders"],
    ),
    Case(
        "another folder beside splits",
        two("train/", 6) | two("test/", 3) | {"demo/*.png": 7},
        BOTH,
        (12, 0, 6),
        ["7 images left out, in folders whose names are not those of splits: demo/ (7 images)"],
    ),
    Case(
        "loose in splits",
        two("train/", 6) | two("test/", 3) | {"train/*.png": 2, "test/*.png": 3, "*.png": 1},
        BOTH,
        (12, 0, 6),
        [
            "2 images left out, loose in 'train'",
            "3 images left out, loose in 'test'",
            "1 image left out, loose beside the folders",
        ],
    ),
    Case(
        "odd suffixes",
        {
            "disc/*.jp2": 4,
            "disc/*.JPE": 2,
            "square/*.pnm": 6,
            "square/*.HEIC": 3,
            "square/notes": 1,
        },
        BOTH,
        (12, 0, 0),
        ["4 other files left out, not read as images (3 .heic, 1 without a suffix)"],
    ),
    Case(
        "a class without an image",
        two("", 6) | {"stripes/*.svg": 4, "empty/": 1},
        BOTH,
        (12, 0, 0),
        ["2 folders hold no image that is read: empty (no file); stripes (4 .svg)"],
    ),
    Case(
        "junk everywhere",
        two("", 6)
        | {
            ".DS_Store": 1,
            "disc/Thumbs.db": 1,
            "disc/desktop.ini": 1,
            "square/._*.png": 3,
            ".thumbnails/*.png": 2,
        },
        BOTH,
        (12, 0, 0),
        ["2 images left out, hidden by a dot"],
    ),
    Case(
        "one class twice by case in test",
        two("train/", 6, names=("Disc", "Square"))
        | two("test/", 3, names=("DISC", "disc", "square")),
        ("Disc", "Square"),
        (12, 0, 9),
        ["'DISC' is 'Disc', 'disc' is 'Disc', 'square' is 'Square'"],
    ),
    Case(
        "two classes by case",
        two("train/", 6, names=("a", "A")) | two("test/", 3, names=("a", "A")),
        ("A", "a"),
        (12, 0, 6),
        ["the classes 'A', 'a' differ by case alone, and are kept apart"],
    ),
    Case(
        "both ways of Unicode in training",
        two("", 6, names=("the\u0301", "th\u00e9", "disc")),
        ("disc", "th\u00e9"),
        (18, 0, 0),
        ["accents are written in two ways of Unicode"],
    ),
    Case(
        "named test, and said to be a class",
        two("", 6, names=("disc", "test")),
        ("disc", "test"),
        (12, 0, 0),
        ["'test' is a class here"],
        settings={"layout": "classes"},
    ),
    Case(
        "longer names, and said to be splits",
        two("flowers_train/", 6) | two("flowers_test/", 3),
        BOTH,
        (12, 0, 6),
        settings={"layout": "splits"},
    ),
    Case(
        "splits said to be classes",
        two("train/", 6) | two("test/", 3),
        ("test", "train"),
        (18, 0, 0),
        settings={"layout": "classes"},
    ),
)


# what asks, or is refused
ASKED = (
    Case(
        "a word of a split",
        two("flowers_train/", 6) | two("flowers_test/", 3),
        asks="'flowers_test', 'flowers_train', which may be splits",
    ),
    Case(
        "translation",
        {f"{name}/*.png": 5 for name in ("trainA", "trainB", "testA", "testB")},
        asks="may be splits",
    ),
    Case(
        "a bullet train",
        two("", 6, names=("bus", "bullet train")),
        asks="the class 'bullet train', which may be splits",
    ),
    Case(
        "a class called test",
        two("", 6, names=("disc", "square", "test")),
        asks="data.layout=classes if they are classes",
    ),
    Case("a copy inside", two("", 6) | two("cells/", 6), asks="the folder 'cells' of"),
    Case(
        "test without train",
        two("", 6) | two("test/", 3),
        asks="has a test folder, 'test', and no folder train",
    ),
    Case(
        "a split with another word",
        two("train/", 6) | two("test_a/", 3),
        asks="may be the test split",
    ),
    Case(
        "splits in one class",
        two("", 6) | {"ring/train/*.png": 4, "ring/test/*.png": 2},
        asks="holds folders named as splits ('test', 'train')",
    ),
    Case(
        "train among folders of folders",
        {
            f"{name}/{inner}/*.png": 3
            for name in ("bus", "plane", "train")
            for inner in ("day", "night")
        },
        asks="is it the training split, or a class?",
    ),
    Case(
        "split domains",
        {
            f"{name}/{kind}/{label}/*.png": 3
            for name in ("photo", "sketch")
            for kind in ("train", "test")
            for label in BOTH
        },
        asks="name one in data.domains",
    ),
    Case("loose only", {"*.png": 30}, asks="30 images lie loose in it"),
    Case("one class", {"disc/*.png": 30}, asks="has one class, 'disc'"),
    Case("no image", {"disc/*.svg": 3, "readme.txt": 1}, asks="no image was found below it"),
    Case(
        "a competition",
        {"train/*.png": 9, "test/*.png": 4, "train.csv": 1},
        asks="name them in a table and use csv:PATH",
    ),
    Case("only what is left out", two("unlabeled/", 6), asks="which may be splits"),
    Case(
        "a class that training lacks",
        two("train/", 6) | two("test/", 3, names=("disc", "ring")),
        asks="have the class 'ring' that the training images lack",
    ),
    Case("too few", two("", 1), asks="need at least 3 in some class"),
    Case(
        "no training said to be splits",
        two("", 6),
        asks="has no folder of training images",
        settings={"layout": "splits"},
    ),
)
