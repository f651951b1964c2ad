BEGIN TRANSACTION;
CREATE TABLE artifacts (
	run_id VARCHAR(40) NOT NULL, 
	path VARCHAR(400) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	size INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (run_id, path), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
INSERT INTO "artifacts" VALUES('20261121-043837-5eb8df','run.log','log',5,'d117fa006ba9208500b2930ce69cbde436c647afa917cb7396a9bc9111a46dd2');
CREATE TABLE events (
	run_id VARCHAR(40) NOT NULL, 
	sequence INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	epoch FLOAT NOT NULL, 
	wall_time FLOAT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	payload TEXT NOT NULL, 
	PRIMARY KEY (run_id, sequence), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
INSERT INTO "events" VALUES('20261121-043837-5eb8df',1,0,0.0,1.0,'eval','{"curve": [{"epsilon": 0.0, "epsilon_255": 0.0, "accuracy": 0.8, "n": 100, "low": 0.1, "high": 0.9}, {"epsilon": 0.00784313725490196, "epsilon_255": 2.0, "accuracy": 0.6000000000000001, "n": 100, "low": 0.1, "high": 0.9}, {"epsilon": 0.01568627450980392, "epsilon_255": 4.0, "accuracy": 0.4, "n": 100, "low": 0.1, "high": 0.9}], "expected_robustness": 0.6}');
INSERT INTO "events" VALUES('20261121-043837-5eb8df',2,20,1.0,2.0,'eval','{"curve": [{"epsilon": 0.0, "epsilon_255": 0.0, "accuracy": 0.8, "n": 100, "low": 0.1, "high": 0.9}, {"epsilon": 0.00784313725490196, "epsilon_255": 2.0, "accuracy": 0.6000000000000001, "n": 100, "low": 0.1, "high": 0.9}, {"epsilon": 0.01568627450980392, "epsilon_255": 4.0, "accuracy": 0.4, "n": 100, "low": 0.1, "high": 0.9}], "expected_robustness": 0.6}');
CREATE TABLE meta (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE runs (
	run_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	spec TEXT NOT NULL, 
	spec_hash VARCHAR(32) NOT NULL, 
	status VARCHAR(12) NOT NULL, 
	reason TEXT NOT NULL, 
	request VARCHAR(12) NOT NULL, 
	host VARCHAR(200), 
	device VARCHAR(40), 
	pid INTEGER, 
	pid_start FLOAT, 
	heartbeat FLOAT, 
	created FLOAT NOT NULL, 
	started FLOAT, 
	ended FLOAT, 
	step INTEGER NOT NULL, 
	total_steps INTEGER, 
	report TEXT, 
	PRIMARY KEY (run_id)
);
INSERT INTO "runs" VALUES('20261121-043837-5eb8df',0,'first','{
  "name": "first",
  "notes": "Über alles: <b>\"bold\"</b>",
  "tags": [
    "thesis",
    "draft"
  ],
  "seed": 0,
  "data": {
    "dataset": "digits",
    "domains": [],
    "train_size": null,
    "eval_size": 300,
    "image_size": null,
    "augment": "flip"
  },
  "model": {
    "backbone": "bloom_convnext",
    "pretrained": true,
    "checkpoint": null
  },
  "strategy": {
    "kind": "full_finetune",
    "rank": 8,
    "alpha": 8.0,
    "reduction": null
  },
  "threat": {
    "norm": "linf",
    "epsilon": 0.03137254901960784
  },
  "schedule": {
    "kind": "two_hinge",
    "ramp_start": 0.25,
    "ramp_end": 0.75,
    "steps": 4,
    "points": [
      [
        0.0,
        0.0
      ],
      [
        1.0,
        1.0
      ]
    ],
    "granularity": "step",
    "patience": 5,
    "tolerance": 0.02
  },
  "attack": {
    "kind": "pgd",
    "steps": 3,
    "relative_step_size": null,
    "random_start": true
  },
  "objective": {
    "kind": "adversarial",
    "beta": null,
    "anchor_weight": 1.0,
    "clip": 0.0
  },
  "optim": {
    "epochs": 4,
    "batch_size": 64,
    "learning_rate": 0.002,
    "head_learning_rate": null,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
    "decay": "cosine",
    "clip_norm": null
  },
  "evaluation": {
    "attack": "pgd",
    "steps": 10,
    "relative_step_size": null,
    "epsilons": null,
    "eval_size": 256,
    "tracking_kind": "dense_early",
    "tracking": 6,
    "examples": 6,
    "corruptions": false,
    "shift_size": 250,
    "track_shifts": false
  },
  "runtime": {
    "device": "auto",
    "precision": "auto",
    "compile": false,
    "threads": null
  }
}','f8accee7ffa74908','finished','','','lab-7','cpu',8547,1795235916.36,1.79523591768845677376e+09,1.79523591768248200412e+09,1.79523591768468976023e+09,1.79523591769302511217e+09,20,20,'{"status": "finished", "seconds": 12.0, "gradient_evaluations": 2400, "clean_accuracy": 0.8, "robust_accuracy": 0.4, "expected_robustness": 0.6, "onset": null, "curve": [{"epsilon": 0.0, "epsilon_255": 0.0, "accuracy": 0.8, "n": 100, "low": 0.1, "high": 0.9}, {"epsilon": 0.00784313725490196, "epsilon_255": 2.0, "accuracy": 0.6000000000000001, "n": 100, "low": 0.1, "high": 0.9}, {"epsilon": 0.01568627450980392, "epsilon_255": 4.0, "accuracy": 0.4, "n": 100, "low": 0.1, "high": 0.9}]}');
INSERT INTO "runs" VALUES('20261121-043837-120a99',1,'second','{
  "name": "second",
  "notes": "",
  "tags": [],
  "seed": 0,
  "data": {
    "dataset": "digits",
    "domains": [],
    "train_size": null,
    "eval_size": 300,
    "image_size": null,
    "augment": "flip"
  },
  "model": {
    "backbone": "bloom_convnext",
    "pretrained": true,
    "checkpoint": null
  },
  "strategy": {
    "kind": "full_finetune",
    "rank": 8,
    "alpha": 8.0,
    "reduction": null
  },
  "threat": {
    "norm": "linf",
    "epsilon": 0.01568627450980392
  },
  "schedule": {
    "kind": "constant",
    "ramp_start": 0.25,
    "ramp_end": 0.75,
    "steps": 4,
    "points": [
      [
        0.0,
        0.0
      ],
      [
        1.0,
        1.0
      ]
    ],
    "granularity": "step",
    "patience": 5,
    "tolerance": 0.02
  },
  "attack": {
    "kind": "pgd",
    "steps": 3,
    "relative_step_size": null,
    "random_start": true
  },
  "objective": {
    "kind": "adversarial",
    "beta": null,
    "anchor_weight": 1.0,
    "clip": 0.0
  },
  "optim": {
    "epochs": 4,
    "batch_size": 64,
    "learning_rate": 0.002,
    "head_learning_rate": null,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
    "decay": "cosine",
    "clip_norm": null
  },
  "evaluation": {
    "attack": "pgd",
    "steps": 10,
    "relative_step_size": null,
    "epsilons": null,
    "eval_size": 256,
    "tracking_kind": "dense_early",
    "tracking": 6,
    "examples": 6,
    "corruptions": false,
    "shift_size": 250,
    "track_shifts": false
  },
  "runtime": {
    "device": "auto",
    "precision": "auto",
    "compile": false,
    "threads": null
  }
}','4399adfddf6ee3dc','failed','the loss is not a finite number at step 7; lower optim.learning_rate','','lab-7','cpu',8547,1795235916.36,1.79523591770090293882e+09,1.7952359176985266208e+09,1.79523591769946670531e+09,1.7952359177011370659e+09,7,20,NULL);
INSERT INTO "runs" VALUES('20261121-043837-79a5c6',2,'20261121-043837-79a5c6','{
  "name": "",
  "notes": "",
  "tags": [],
  "seed": 0,
  "data": {
    "dataset": "digits",
    "domains": [],
    "train_size": null,
    "eval_size": 300,
    "image_size": null,
    "augment": "flip"
  },
  "model": {
    "backbone": "bloom_vit",
    "pretrained": true,
    "checkpoint": null
  },
  "strategy": {
    "kind": "lora",
    "rank": 8,
    "alpha": 8.0,
    "reduction": null
  },
  "threat": {
    "norm": "linf",
    "epsilon": 0.03137254901960784
  },
  "schedule": {
    "kind": "two_hinge",
    "ramp_start": 0.25,
    "ramp_end": 0.75,
    "steps": 4,
    "points": [
      [
        0.0,
        0.0
      ],
      [
        1.0,
        1.0
      ]
    ],
    "granularity": "step",
    "patience": 5,
    "tolerance": 0.02
  },
  "attack": {
    "kind": "pgd",
    "steps": 3,
    "relative_step_size": null,
    "random_start": true
  },
  "objective": {
    "kind": "adversarial",
    "beta": null,
    "anchor_weight": 1.0,
    "clip": 0.0
  },
  "optim": {
    "epochs": 4,
    "batch_size": 64,
    "learning_rate": 0.002,
    "head_learning_rate": null,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
    "decay": "cosine",
    "clip_norm": null
  },
  "evaluation": {
    "attack": "pgd",
    "steps": 10,
    "relative_step_size": null,
    "epsilons": null,
    "eval_size": 256,
    "tracking_kind": "dense_early",
    "tracking": 6,
    "examples": 6,
    "corruptions": false,
    "shift_size": 250,
    "track_shifts": false
  },
  "runtime": {
    "device": "cpu",
    "precision": "auto",
    "compile": false,
    "threads": null
  }
}','c22b565ed3ed1f68','queued','','',NULL,NULL,NULL,NULL,NULL,1.79523591770217609401e+09,NULL,NULL,0,NULL,NULL);
CREATE INDEX runs_by_status ON runs (status, created);
COMMIT;
